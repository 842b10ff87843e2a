import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTokens } from '../../src/control/access/tokens.js';
import type { Control } from '../../src/control/control.js';
import type { ProjectSpecInput } from '../../src/domain/schema/project.js';
import {
  admin,
  callOf,
  createWorld,
  failsWith,
  project,
  stored,
  systemContext,
} from '../support/control-world.js';
import { newService } from '../support/operations.js';

const blog = { project: 'blog' };
const shop = { ...blog, cluster: 'shop' };
const http = { ...shop, virtualService: 'http' };
const editor = callOf({ name: 'blogger', role: 'editor', project: 'blog' });
const frontend = { protocol: 'tcp', address: '192.0.2.10', port: 80 } as const;

async function putBlog(control: Control, spec: ProjectSpecInput): Promise<void> {
  await control.projects.replace(admin, blog, { spec }, {});
}

test('what a limit does not allow is refused at every door into a project, and nothing of it is stored', async (t) => {
  const world = createWorld(t);
  const { control } = await world.start();
  await putBlog(control, { limits: { vipPrefixes: ['192.0.2.16/28'], ripPrefixes: ['10.20.0.0/16'] } });
  await control.clusters.create(editor, blog, { name: 'shop' }, {});
  const vip = (pointer: string) =>
    failsWith('VIP_NOT_ALLOWED', ({ violations }) => assert.equal(violations[0]?.pointer, pointer));
  const virtualServices = { http: { spec: frontend } };
  const before = await control.projects.get(admin, blog);
  await assert.rejects(
    control.virtualServices.create(editor, shop, { name: 'http', spec: frontend }, {}),
    vip('/spec/address'),
  );
  await assert.rejects(
    control.virtualServices.replace(editor, http, { spec: frontend }, { validateOnly: true }),
    vip('/spec/address'),
  );
  await assert.rejects(
    control.definitions.replace(editor, shop, { virtualServices }, {}),
    vip('/virtualServices/http/spec/address'),
  );
  const files = [{ path: 'ipvsadm.rules', content: '-A -t 192.0.2.10:80 -s rr\n' }];
  await assert.rejects(
    control.imports.create(editor, { ...blog, cluster: 'shop', format: 'ipvsadm', files, apply: true }, {}),
    failsWith('VIP_NOT_ALLOWED'),
  );
  await world.hand.apply([newService({ ...frontend, port: 81 })]);
  await assert.rejects(
    control.directors.adopt(admin, 'local', { ...shop, select: { all: true } }, {}),
    failsWith('VIP_NOT_ALLOWED'),
  );
  await assert.rejects(
    control.virtualServices.create(editor, shop, { name: 'mark', spec: { fwmark: 7, family: 'ipv4' } }, {}),
    failsWith('FWMARK_NOT_ALLOWED'),
  );
  const allowed = { ...frontend, address: '192.0.2.17' };
  await control.virtualServices.create(editor, shop, { name: 'http', spec: allowed }, {});
  await assert.rejects(
    control.virtualServices.update(editor, http, { spec: { address: '192.0.2.10' } }, {}),
    vip('/spec/address'),
  );
  await assert.rejects(
    control.realServers.create(editor, http, { name: 'web1', spec: { address: '10.0.0.1' } }, {}),
    failsWith('RIP_NOT_ALLOWED'),
  );
  const { status } = await control.projects.get(admin, blog);
  assert.deepEqual(before.status.usage, { clusters: 1, virtualServices: 0, realServers: 0 });
  assert.deepEqual(status.usage, { clusters: 1, virtualServices: 1, realServers: 0 });
});

test('a limit comes before the question whose the frontend is', async (t) => {
  const { control } = await createWorld(t).start();
  await control.definitions.replace(
    admin,
    { ...project, cluster: 'shop' },
    { virtualServices: { http: { spec: frontend } } },
    {},
  );
  await putBlog(control, { limits: { vipPrefixes: ['198.51.100.0/24'] } });
  await control.clusters.create(editor, blog, { name: 'shop' }, {});
  for (const address of [frontend.address, '192.0.2.11']) {
    await assert.rejects(
      control.virtualServices.create(editor, shop, { name: 'http', spec: { ...frontend, address } }, {}),
      failsWith('VIP_NOT_ALLOWED', ({ violations }) => assert.equal(violations.length, 1)),
    );
  }
});

test('what was there before a limit stays, is shown, and is not made worse', async (t) => {
  const { control } = await createWorld(t).start();
  await putBlog(control, {});
  const server = (address: string) => ({ spec: { address } });
  const realServers = { web1: server('10.0.0.1') };
  const virtualServices = { http: { spec: frontend, realServers } };
  await control.definitions.replace(
    editor,
    shop,
    { spec: { vip: { interface: 'eth0' } }, virtualServices },
    {},
  );
  const limits = { vipPrefixes: ['198.51.100.0/24'], ripPrefixes: ['10.20.0.0/16'], interfaces: [] };
  const tightened = stored(await control.projects.update(admin, blog, { spec: { limits } }, {}));
  const seen = ({ status }: typeof tightened.resource) =>
    status.violations?.map(({ resource, reason }) => `${resource.split('/').at(-1)} ${reason}`);
  const expected = ['shop INTERFACE_NOT_ALLOWED', 'http VIP_NOT_ALLOWED', 'web1 RIP_NOT_ALLOWED'];
  assert.deepEqual(seen(tightened.resource), expected);

  const web1 = { ...http, realServer: 'web1' };
  await control.realServers.update(editor, web1, { spec: { weight: 7 } }, {});
  await control.virtualServices.update(editor, http, { spec: { scheduler: 'rr' } }, {});
  await control.clusters.update(editor, shop, { spec: { forwarding: { method: 'nat' } } }, {});
  await control.realServers.create(editor, http, { name: 'web2', ...server('10.20.0.2') }, {});
  assert.deepEqual(seen(await control.projects.get(editor, blog)), expected);

  await assert.rejects(
    control.realServers.update(editor, web1, { spec: { address: '10.0.0.9' } }, {}),
    failsWith('RIP_NOT_ALLOWED'),
  );
  await assert.rejects(
    control.virtualServices.create(editor, shop, { name: 'more', spec: { ...frontend, port: 81 } }, {}),
    failsWith('VIP_NOT_ALLOWED'),
  );
  await assert.rejects(
    control.clusters.update(editor, shop, { spec: { vip: { interface: 'eth1' } } }, {}),
    failsWith('INTERFACE_NOT_ALLOWED'),
  );
  await control.clusters.update(editor, shop, { spec: { vip: { interface: null } } }, {});
  await assert.rejects(
    control.clusters.update(editor, shop, { spec: { vip: { interface: 'eth0' } } }, {}),
    failsWith('INTERFACE_NOT_ALLOWED'),
  );
});

test('forwarding that a virtual service inherits is limited too', async (t) => {
  const { control } = await createWorld(t).start();
  await putBlog(control, { limits: { forwardingMethods: ['nat'] } });
  await control.clusters.create(editor, blog, { name: 'shop' }, {});
  const create = (forwarding: object) =>
    control.virtualServices.create(editor, shop, { name: 'http', spec: { ...frontend, ...forwarding } }, {});
  await assert.rejects(
    create({}),
    failsWith('FORWARDING_NOT_ALLOWED', ({ violations }) =>
      assert.equal(violations[0]?.pointer, '/spec/forwarding/method'),
    ),
  );
  await control.clusters.update(editor, shop, { spec: { forwarding: { method: 'nat' } } }, {});
  await create({});
  await assert.rejects(
    control.clusters.update(editor, shop, { spec: { forwarding: { method: 'dr' } } }, {}),
    failsWith('FORWARDING_NOT_ALLOWED'),
  );
  await assert.rejects(
    control.realServers.create(
      editor,
      http,
      { name: 'a', spec: { address: '10.0.0.1', forwarding: { method: 'dr' } } },
      {},
    ),
    failsWith('FORWARDING_NOT_ALLOWED'),
  );
});

test('a quota holds for what a write leaves behind, also of many writes at once', async (t) => {
  const { control } = await createWorld(t).start();
  await putBlog(control, { quotas: { clusters: 2, virtualServices: 2, realServers: 4 } });
  const names = [...'abcdefgh'];
  const answers = await Promise.allSettled(
    names.map((name) => control.clusters.create(editor, blog, { name }, {})),
  );
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 2);
  for (const answer of answers.slice(2)) {
    assert.ok(answer.status === 'rejected');
    failsWith('QUOTA_EXCEEDED', ({ metadata }) =>
      assert.deepEqual(metadata, { project: 'blog', quota: 'clusters', limit: '2', wanted: '3' }),
    )(answer.reason);
  }
  const cluster = { ...blog, cluster: 'a' };
  const document = (count: number, first = 0) => ({
    virtualServices: {
      http: {
        spec: frontend,
        realServers: Object.fromEntries(
          Array.from({ length: count }, (_, index) => [
            `web${first + index}`,
            { spec: { address: `10.0.0.${1 + first + index}` } },
          ]),
        ),
      },
    },
  });
  await assert.rejects(
    control.definitions.replace(editor, cluster, document(5), { validateOnly: true }),
    failsWith('QUOTA_EXCEEDED'),
  );
  await assert.rejects(
    control.definitions.replace(editor, cluster, document(5), {}),
    failsWith('QUOTA_EXCEEDED'),
  );
  await control.definitions.replace(editor, cluster, document(4), {});
  // others in their place
  await control.definitions.replace(editor, cluster, document(4, 4), {});

  await putBlog(control, { quotas: { realServers: 1 } });
  await control.definitions.replace(editor, cluster, document(3, 4), {});
  await control.realServers.update(
    editor,
    { ...cluster, virtualService: 'http', realServer: 'web4' },
    { spec: { weight: 9 } },
    {},
  );
  await assert.rejects(
    control.definitions.replace(editor, cluster, document(4, 4), {}),
    failsWith('QUOTA_EXCEEDED'),
  );
  const { status } = await control.projects.get(editor, blog);
  assert.deepEqual(status.usage, { clusters: 2, virtualServices: 1, realServers: 3 });
});

test('projects are seen by who has a role in them, and changed by admins of the server alone', async (t) => {
  const { control } = await createWorld(t).start();
  for (const name of ['blog', 'news', 'wiki']) await control.projects.create(admin, {}, { name }, {});
  const names = async (call: typeof admin, query = {}) =>
    (await control.projects.list(call, {}, query)).items.map(({ name }) => name);
  assert.deepEqual(await names(admin), ['blog', 'default', 'news', 'wiki']);
  const both = callOf({
    grants: [
      { role: 'viewer', project: 'news' },
      { role: 'admin', project: 'blog' },
    ],
  });
  assert.deepEqual(await names(both), ['blog', 'news']);
  assert.deepEqual(await names(both, { pageSize: 1 }), ['blog']);
  assert.deepEqual(await names(both, { filter: 'name!=blog' }), ['news']);
  assert.deepEqual(await names(editor), ['blog']);

  const hidden = failsWith('PROJECT_NOT_FOUND');
  const denied = failsWith('PERMISSION_DENIED');
  const wiki = { project: 'wiki' };
  assert.equal((await control.projects.get(both, { project: 'news' })).name, 'news');
  await assert.rejects(control.projects.get(both, wiki), hidden);
  for (const [names, refusal] of [
    [blog, denied],
    [wiki, hidden],
    [{ project: 'never' }, hidden],
  ] as const) {
    await assert.rejects(control.projects.replace(both, names, {}, {}), refusal);
    await assert.rejects(control.projects.update(both, names, {}, {}), refusal);
    await assert.rejects(control.projects.delete(both, names, { cascade: true }), refusal);
  }
  await assert.rejects(control.projects.create(both, {}, { name: 'mine' }, {}), denied);
  await assert.rejects(control.projects.update(callOf({ role: 'editor' }), blog, {}, {}), denied);
});

test('a project goes with everything in it and its tokens, once it is empty or all of it is to go', async (t) => {
  const world = createWorld(t);
  const { control, store, reconciler } = await world.start();
  await putBlog(control, {});
  const tokens = createTokens({ store, now: () => new Date() });
  const token = { role: 'editor', expireTime: null } as const;
  await tokens.create(systemContext, 'blog', { name: 'blogger', spec: token });
  await tokens.create(systemContext, 'default', { name: 'other', spec: token });
  await control.definitions.replace(editor, shop, { virtualServices: { http: { spec: frontend } } }, {});
  await assert.rejects(control.projects.delete(admin, blog, {}), failsWith('HAS_CHILDREN'));
  assert.equal(tokens.list('blog').items.length, 1);
  const preview = await control.projects.delete(admin, blog, { cascade: true, validateOnly: true });
  assert.ok('preview' in preview);
  assert.equal(preview.preview.operations.length, 1);
  await control.projects.delete(admin, blog, { cascade: true, drain: false });
  assert.equal(tokens.list('default').items.length, 1);
  assert.equal((await world.hand.read()).size, 0);
  assert.equal(reconciler.problems.size, 0);
  await assert.rejects(control.projects.get(admin, blog), failsWith('PROJECT_NOT_FOUND'));
  await assert.rejects(
    control.projects.delete(admin, project, { cascade: true }),
    failsWith('PROJECT_PERMANENT'),
  );
  await assert.rejects(control.projects.delete(editor, project, {}), failsWith('PROJECT_NOT_FOUND'));
});
