import assert from 'node:assert/strict';
import { test } from 'node:test';
import { admin, callOf, createShop, createWorld, failsWith } from '../support/control-world.js';

type Grant = readonly [project: string, role: 'operator' | 'editor'];

test('a change-set needs an editor of every project in it; those that are not are pointed to', async (t) => {
  const { control } = await createWorld(t).start();
  await createShop(control);
  await control.projects.create(admin, {}, { name: 'blog' }, {});
  await control.projects.create(admin, {}, { name: 'wiki' }, {});
  const put = (resource: string) => ({ put: { resource } });
  const changes = [
    put('projects/blog/clusters/a'),
    put('projects/default/clusters/b'),
    put('projects/default/clusters/shop'),
    put('projects/wiki/clusters/a'),
  ];
  const send = (...grants: readonly Grant[]) =>
    control.changeSets.create(
      callOf({ grants: grants.map(([project, role]) => ({ project, role })) }),
      { changes },
      {},
    );
  const pointers = (expected: readonly (readonly [string, string])[]) =>
    failsWith('PROJECT_NOT_FOUND', ({ violations }) =>
      assert.deepEqual(
        violations.map(({ pointer, reason }) => [pointer, reason]),
        expected,
      ),
    );
  await assert.rejects(
    send(['blog', 'editor']),
    pointers([
      ['/changes/1', 'PROJECT_NOT_FOUND'],
      ['/changes/3', 'PROJECT_NOT_FOUND'],
    ]),
  );
  await assert.rejects(
    send(['blog', 'editor'], ['wiki', 'operator']),
    pointers([
      ['/changes/1', 'PROJECT_NOT_FOUND'],
      ['/changes/3', 'PERMISSION_DENIED'],
    ]),
  );
  await assert.rejects(control.clusters.get(admin, { project: 'blog', cluster: 'a' }));
  const answer = await send(['blog', 'editor'], ['default', 'editor'], ['wiki', 'editor']);
  assert.ok('changeSet' in answer);
  assert.deepEqual(
    answer.changeSet.results.map(({ result }) => result),
    ['created', 'created', 'unchanged', 'created'],
  );
});
