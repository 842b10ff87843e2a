/** What the kernel refuses, with which errno, and that a refusal leaves no trace. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type Frontend, frontendKey } from '../../../src/domain/keys.js';
import type { DestinationConfig, Operation, ServiceConfig } from '../../../src/domain/table.js';
import { KernelError } from '../../../src/driver/kernel-error.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  plainService,
  setDestination,
  setService,
} from '../../support/operations.js';
import {
  type DriverSubject,
  done,
  errnos,
  first,
  first6,
  manyBackends,
  mark,
  onEmptyTable,
  persistence,
  persistence6,
  second,
  web,
  web6,
} from './subject.js';

const { EEXIST, EINVAL, ENOENT, ERANGE, ESRCH } = constants.errno;

/** What is refused, the errno, the operation. */
type Refusal = readonly [label: string, errno: number, operation: Operation];

function refusals(subnetBroadcast: string): Refusal[] {
  const absent: Frontend = { ...web, port: 81 };
  const tooLong = 'x'.repeat(16);
  const persistent = (netmask: string): Partial<ServiceConfig> => ({
    persistence: { ...persistence6, netmask },
  });
  const engine = (name: string): Partial<ServiceConfig> => ({
    persistence: { ...persistence, engine: name },
  });
  const gueWithoutPort: Partial<DestinationConfig> = {
    method: 'tun',
    tunnel: { type: 'gue', port: 0, checksum: 'none' },
  };
  const lowAboveHigh = { upperThreshold: 1, lowerThreshold: 2 };
  const negative = { weight: 0x80000000 };
  const notUnicast = ['0.0.0.0', '127.255.255.255', '224.0.0.1', '239.255.255.255', '255.255.255.255'];
  const notUnicast6 = ['::', '::ffff:192.0.2.1', 'fe80::1', 'febf::1', 'ff02::1'];
  const at =
    (frontend: Frontend) =>
    (address: string): Refusal => [
      `the real server ${address}`,
      EINVAL,
      newDestination(frontend, { address, port: 80 }),
    ];
  return [
    ['a service that is there', EEXIST, newService(web)],
    ['a service that is there, with an unknown scheduler', EEXIST, newService(web, { scheduler: 'twos' })],
    ['an edit of an absent service', ESRCH, setService(absent)],
    [
      'an edit of an absent service, with an unknown scheduler',
      ESRCH,
      setService(absent, { scheduler: 'twos' }),
    ],
    [
      'an edit of an absent service, with too long a name',
      EINVAL,
      setService(absent, { scheduler: tooLong }),
    ],
    ['the deletion of an absent service', ESRCH, deleteService(absent)],
    ['a fwmark of the other family', ESRCH, setService({ fwmark: 7, family: 'ipv6' })],
    ['an unknown scheduler', ENOENT, newService(absent, { scheduler: 'twos' })],
    ['a change to an unknown scheduler', ENOENT, setService(web, { scheduler: 'twos', onePacket: true })],
    ['a scheduler name of 15 letters', ENOENT, newService(absent, { scheduler: tooLong.slice(1) })],
    ['a scheduler name of 16 letters', EINVAL, newService(absent, { scheduler: tooLong })],
    ['an unknown persistence engine', ENOENT, newService(absent, engine('nix'))],
    [
      'a change to an unknown persistence engine',
      ENOENT,
      setService(web, { scheduler: 'rr', ...engine('nix') }),
    ],
    ['an engine name of 16 letters', ENOENT, setService(web, engine(tooLong))],
    ['an engine name of 17 letters', EINVAL, setService(web, engine(`${tooLong}x`))],
    ['IPv6 prefix 0', EINVAL, setService(web6, persistent('0'))],
    ['IPv6 prefix 129', EINVAL, setService(web6, { scheduler: 'rr', ...persistent('129') })],
    [
      'IPv6 prefix 129 of an unknown scheduler',
      ENOENT,
      newService({ ...web6, port: 81 }, { scheduler: 'twos', ...persistent('129') }),
    ],
    ['a destination of an absent service', ESRCH, newDestination(absent, first, negative)],
    ['an edit of a destination of an absent service', ESRCH, setDestination(absent, first)],
    ['the deletion of a destination of an absent service', ESRCH, deleteDestination(absent, first)],
    ['a destination that is there', EEXIST, newDestination(web, first)],
    ['an edit of an absent destination', ENOENT, setDestination(web, second)],
    [
      'an edit of an absent destination at a bad address',
      ENOENT,
      setDestination(web, { address: '224.0.0.1', port: 80 }),
    ],
    ['the deletion of an absent destination', ENOENT, deleteDestination(web, second)],
    ['the deletion of an absent destination of the other family', ENOENT, deleteDestination(web, first6)],
    ['weight 2^31 for a new destination', ERANGE, newDestination(web, second, negative)],
    ['weight -1', ERANGE, newDestination(web, second, { weight: -1 })],
    ['weight 2^31 in an edit', ERANGE, setDestination(web, first, negative)],
    [
      'weight 2^32-1 for a destination that is there',
      ERANGE,
      newDestination(web, first, { weight: 0xffffffff }),
    ],
    ['weight 2^31 for an absent destination', ERANGE, setDestination(web, second, negative)],
    ['a lower threshold above the upper', ERANGE, newDestination(web, second, lowAboveHigh)],
    ['a lower threshold above the upper in an edit', ERANGE, setDestination(web, first, lowAboveHigh)],
    ['a lower threshold without an upper', ERANGE, setDestination(web, first, { lowerThreshold: 1 })],
    ['GUE without a port', EINVAL, newDestination(web, second, gueWithoutPort)],
    ['GUE without a port in an edit', EINVAL, setDestination(web, first, gueWithoutPort)],
    [
      'GUE without a port and a bad threshold',
      ERANGE,
      newDestination(web, second, { ...gueWithoutPort, ...lowAboveHigh }),
    ],
    ['families mixed without a tunnel', EINVAL, newDestination(web, first6)],
    ['families mixed without a tunnel in an edit', EINVAL, setDestination(web6, first, { method: 'nat' })],
    ['families mixed without a tunnel and a bad weight', EINVAL, newDestination(web, first6, negative)],
    ...[...notUnicast, subnetBroadcast].map(at(web)),
    ...notUnicast6.map(at(web6)),
  ];
}

export function describeRefusals(subject: DriverSubject): void {
  for (const [label, errno, operation] of refusals(subject.subnetBroadcast)) {
    onEmptyTable(subject, `refuses ${label} and changes nothing`, async (driver) => {
      await done(driver, newService(web), newDestination(web, first), newService(web6), newService(mark));
      const before = await driver.read();
      const [error, ...others] = await driver.apply([operation]);
      assert.equal(others.length, 0);
      assert.ok(error instanceof KernelError);
      assert.equal(error.errno, errno);
      assert.equal(error.command, operation.command);
      assert.equal(error.key, operation.key);
      assert.deepEqual(await driver.read(), before);
    });
  }

  onEmptyTable(subject, 'lets mh schedule 4093 destinations and no more', async (driver) => {
    const [last, ...most] = manyBackends(4094).map((backend) => newDestination(web, backend));
    assert.ok(last);
    await done(driver, newService(web), ...most, setService(web, { scheduler: 'mh' }), last);
    assert.deepEqual(await errnos(driver, [setService(web, { scheduler: 'mh', onePacket: true })]), [0]);
    await done(driver, setService(web));
    assert.deepEqual(await errnos(driver, [setService(web, { scheduler: 'mh' })]), [EINVAL]);
    const table = await driver.read();
    assert.equal(table.size, 4095);
    assert.deepEqual(table.get(frontendKey(web))?.config, plainService);
  });
}
