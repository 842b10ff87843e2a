import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { EntryOperation } from '../../src/domain/entry.js';
import { KernelError } from '../../src/driver/kernel-error.js';
import { isSomebodyElses, judge, reportOperation, type Verdict } from '../../src/reconcile/verdict.js';
import {
  deleteDestination,
  deleteService,
  newDestination,
  newService,
  setDestination,
  setService,
} from '../support/operations.js';

const frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;
const backend = { address: '10.0.0.1', port: 80 };

const snat = { key: 'snat/tcp/192.0.2.10:80', frontend };
const address = { key: 'address/192.0.2.10', address: '192.0.2.10' };
const onEth0 = { interface: 'eth0', prefixLength: 32 };
const masquerade = { addresses: null };

type Command = EntryOperation['command'];

const OPERATIONS: Record<Command, EntryOperation> = {
  NEW_SERVICE: newService(frontend),
  SET_SERVICE: setService(frontend),
  DEL_SERVICE: deleteService(frontend),
  NEW_DEST: newDestination(frontend, backend),
  SET_DEST: setDestination(frontend, backend),
  DEL_DEST: deleteDestination(frontend, backend),
  NEW_ADDRESS: { command: 'NEW_ADDRESS', ...address, config: onEth0 },
  SET_ADDRESS: { command: 'SET_ADDRESS', ...address, config: onEth0 },
  DEL_ADDRESS: { command: 'DEL_ADDRESS', ...address },
  NEW_SNAT: { command: 'NEW_SNAT', ...snat, config: masquerade },
  SET_SNAT: { command: 'SET_SNAT', ...snat, config: masquerade },
  DEL_SNAT: { command: 'DEL_SNAT', ...snat },
};

type Errno = keyof typeof constants.errno;

function resultOf(command: Command, errno: Errno) {
  const operation = OPERATIONS[command];
  return {
    operation,
    error: new KernelError({ errno: constants.errno[errno], command, key: operation.key }),
  };
}

const every = (verdict: Verdict) => Object.keys(OPERATIONS).map(() => verdict);

/** What each answer means, by command in the order above. */
const TABLE: Record<string, readonly Verdict[]> = {
  EEXIST: [
    'surprise',
    'refused',
    'refused',
    'surprise',
    'refused',
    'refused',
    'surprise',
    'refused',
    'refused',
    'surprise',
    'refused',
    'refused',
  ],
  ESRCH: [
    'refused',
    'surprise',
    'done',
    'surprise',
    'surprise',
    'done',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
  ],
  ENOENT: [
    'refused',
    'refused',
    'refused',
    'refused',
    'surprise',
    'done',
    'refused',
    'refused',
    'refused',
    'refused',
    'surprise',
    'done',
  ],
  EADDRNOTAVAIL: [
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'surprise',
    'done',
    'refused',
    'refused',
    'refused',
  ],
  ENODEV: [
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'refused',
    'done',
    'refused',
    'refused',
    'refused',
  ],
  EINVAL: every('refused'),
  ERANGE: every('refused'),
  EPERM: every('refused'),
  EAFNOSUPPORT: every('refused'),
  ENOMEM: every('transient'),
  EBUSY: every('transient'),
  EAGAIN: every('transient'),
};

test('each answer of the kernel means one thing for each command', () => {
  for (const [errno, verdicts] of Object.entries(TABLE)) {
    const found = Object.keys(OPERATIONS).map((command) =>
      judge(resultOf(command as Command, errno as Errno)),
    );
    assert.deepEqual(found, verdicts, errno);
  }
});

test('no error is done', () => {
  for (const operation of Object.values(OPERATIONS)) assert.equal(judge({ operation, error: null }), 'done');
});

test('only EEXIST says that a service or destination of somebody else is there', () => {
  assert.equal(isSomebodyElses(resultOf('NEW_DEST', 'EEXIST')), true);
  assert.equal(isSomebodyElses(resultOf('NEW_DEST', 'EINVAL')), false);
  assert.equal(isSomebodyElses({ operation: OPERATIONS.NEW_DEST, error: null }), false);
  assert.equal(isSomebodyElses(resultOf('NEW_ADDRESS', 'EEXIST')), false);
  assert.equal(isSomebodyElses(resultOf('NEW_SNAT', 'EEXIST')), false);
});

test('an audit event shows command, key, attributes and answer', () => {
  const { command, key, errno, errnoName, config } = reportOperation(resultOf('NEW_DEST', 'EINVAL'));
  assert.deepEqual(
    [command, key, errno, errnoName],
    ['NEW_DEST', 'tcp/192.0.2.10:80->10.0.0.1:80', 22, 'EINVAL'],
  );
  assert.equal(config?.weight, 1);
  assert.deepEqual(reportOperation({ operation: OPERATIONS.DEL_DEST, error: null }), {
    command: 'DEL_DEST',
    key: 'tcp/192.0.2.10:80->10.0.0.1:80',
    errno: null,
    errnoName: null,
  });
});
