/** What docs/terraform.md shows, called as Mastercard/restapi calls it. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, test } from 'node:test';
import { documentedOperations } from '../support/documented-answers.js';
import { filesOfPage } from '../support/page-files.js';
import { startTestServer } from '../support/server.js';

const { 'lvsd.tf': configuration = '', 'shop.json': definition = '' } = filesOfPage('terraform.md');
const server = await startTestServer();
after(() => server.stop());

/** Of the resource or the provider. */
function setting(name: string): string {
  const [, value] = new RegExp(`^ *${name} *= "([^"]*)"$`, 'm').exec(configuration) ?? [];
  assert.ok(value, `${name} is not in the page`);
  return value.replace('{id}', /object_id *= "([^"]+)"/.exec(configuration)?.[1] ?? '');
}

/** With a body whatever the method: the provider sends `{}` where there is nothing to send. */
function call(method: string, path: string, body: string): Promise<{ status: number; json: unknown }> {
  const headers = {
    authorization: `Bearer ${server.adminToken}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    request(`${server.url}${path}`, { method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece) => {
        text += piece;
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, json: text === '' ? null : JSON.parse(text) }),
      );
    })
      .once('error', reject)
      .end(body);
  });
}

const METHODS = {
  create_path: setting('create_method'),
  read_path: 'GET',
  update_path: setting('update_method'),
  destroy_path: setting('destroy_method'),
};

test('every path of the page is one of the API, with the method and parameters that it is called with', () => {
  for (const [name, method] of Object.entries(METHODS)) {
    const [path = '', query = ''] = setting(name).split('?');
    const found = documentedOperations.find(
      (one) => one.method === method && new RegExp(`^${one.path.replace(/\{[^}]+\}/g, '[^/]+')}$`).test(path),
    );
    assert.ok(found, `${method} ${path}`);
    const known = (found.operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
    for (const parameter of new URLSearchParams(query).keys()) {
      assert.ok(
        known.some((one) => one.name === parameter),
        `${path}?${parameter}`,
      );
    }
  }
});

test('create, read, update and destroy work, and what was written is read back to the letter', async () => {
  const revision = () => server.running.store.read((reader) => reader.revision());
  const expected = JSON.parse(definition);
  assert.equal((await call(METHODS.create_path, setting('create_path'), definition)).status, 201);
  const read = await call(METHODS.read_path, setting('read_path'), '{}');
  assert.deepEqual(read, { status: 200, json: expected }, 'a difference would be one in every plan');

  const before = revision();
  assert.equal((await call(METHODS.update_path, setting('update_path'), definition)).status, 200);
  assert.equal(revision(), before, 'the same again changes nothing');

  assert.ok([202, 204].includes((await call(METHODS.destroy_path, setting('destroy_path'), '')).status));
  assert.equal((await call(METHODS.read_path, setting('read_path'), '{}')).status, 404);
});
