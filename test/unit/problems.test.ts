import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProblems, type Problem } from '../../src/reconcile/problems.js';

const service = 'projects/default/clusters/shop/virtual-services/http';

function problem(key: string, path: string, state: Problem['state']): Problem {
  return { key, path, state, reason: 'KERNEL_UNAVAILABLE', detail: '', observedRevision: 0 };
}

test('a resource has the worst problem of itself and everything below it', () => {
  const problems = createProblems();
  problems.set(problem('a', `${service}/real-servers/a`, 'pending'));
  problems.set(problem('b', `${service}/real-servers/b`, 'refused'));
  problems.set(problem('c', `${service}/real-servers/c`, 'pending'));
  assert.equal(problems.worst(`${service}/real-servers/a`)?.key, 'a');
  for (const above of [service, 'projects/default/clusters/shop', 'projects/default']) {
    assert.equal(problems.worst(above)?.key, 'b', above);
  }
  assert.equal(problems.worst('projects/default/clusters/shop-2'), undefined);
});

test('a problem that is gone or changed is not shown any more', () => {
  const problems = createProblems();
  problems.set(problem('a', service, 'refused'));
  assert.equal(problems.worst(service)?.state, 'refused');
  problems.set(problem('a', service, 'pending'));
  assert.deepEqual([problems.worst(service)?.state, problems.size], ['pending', 1]);
  problems.delete('b');
  problems.delete('a');
  assert.deepEqual([problems.worst(service), problems.size, [...problems.keys()]], [undefined, 0, []]);
});
