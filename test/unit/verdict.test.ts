import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import type { Command, Operation } from '../../src/domain/table.js';
import { KernelError } from '../../src/driver/kernel-error.js';
import { isAlreadyThere, judge, reportOperation, type Verdict } from '../../src/reconcile/verdict.js';
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

const OPERATIONS: Record<Command, Operation> = {
  NEW_SERVICE: newService(frontend),
  SET_SERVICE: setService(frontend),
  DEL_SERVICE: deleteService(frontend),
  NEW_DEST: newDestination(frontend, backend),
  SET_DEST: setDestination(frontend, backend),
  DEL_DEST: deleteDestination(frontend, backend),
};

type Errno = keyof typeof constants.errno;

function resultOf(command: Command, errno: Errno) {
  const operation = OPERATIONS[command];
  return {
    operation,
    error: new KernelError({ errno: constants.errno[errno], command, key: operation.key }),
  };
}

/** What each answer means, by command in the order above. */
const TABLE: Record<string, readonly Verdict[]> = {
  EEXIST: ['surprise', 'refused', 'refused', 'surprise', 'refused', 'refused'],
  ESRCH: ['refused', 'surprise', 'done', 'surprise', 'surprise', 'done'],
  ENOENT: ['refused', 'refused', 'refused', 'refused', 'surprise', 'done'],
  EINVAL: ['refused', 'refused', 'refused', 'refused', 'refused', 'refused'],
  ERANGE: ['refused', 'refused', 'refused', 'refused', 'refused', 'refused'],
  EPERM: ['refused', 'refused', 'refused', 'refused', 'refused', 'refused'],
  EAFNOSUPPORT: ['refused', 'refused', 'refused', 'refused', 'refused', 'refused'],
  ENOMEM: ['transient', 'transient', 'transient', 'transient', 'transient', 'transient'],
  EBUSY: ['transient', 'transient', 'transient', 'transient', 'transient', 'transient'],
  EAGAIN: ['transient', 'transient', 'transient', 'transient', 'transient', 'transient'],
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

test('only EEXIST says that something is already there', () => {
  assert.equal(isAlreadyThere(resultOf('NEW_DEST', 'EEXIST')), true);
  assert.equal(isAlreadyThere(resultOf('NEW_DEST', 'EINVAL')), false);
  assert.equal(isAlreadyThere({ operation: OPERATIONS.NEW_DEST, error: null }), false);
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
