import assert from 'node:assert/strict';
import { test } from 'node:test';
import fastify from 'fastify';
import { registerDeprecation } from '../../src/api-rest/deprecation.js';
import { registerOpenapi } from '../../src/api-rest/openapi-plugin.js';
import { operation } from '../../src/api-rest/operation.js';
import { NoPath, NoQuery } from '../../src/api-rest/parameters.js';
import { partValidatorCompiler } from '../../src/api-rest/validation.js';

const common = {
  tag: 'Server',
  summary: 'Something',
  description: 'Something.',
  params: NoPath,
  query: NoQuery,
  answers: { 204: { description: 'Done.' } },
  problems: [],
};
const deprecation = { since: '2027-01-01T00:00:00Z', sunset: '2028-06-30T23:59:59Z' };

test('a route that will go says so in every answer, refusals included, and in the document', async (t) => {
  const app = fastify();
  t.after(() => app.close());
  app.setValidatorCompiler(partValidatorCompiler);
  registerDeprecation(app);
  await registerOpenapi(app);
  const old = operation({ ...common, operationId: 'oldOne', deprecation });
  app.get('/old', { schema: old }, (_request, reply) => reply.code(204).send());
  const current = operation({ ...common, operationId: 'newOne' });
  app.get('/new', { schema: current }, (_request, reply) => reply.code(204).send());

  for (const url of ['/old', '/old?x=1']) {
    const { headers } = await app.inject(url);
    assert.equal(headers.deprecation, '@1798761600', url);
    assert.equal(headers.sunset, 'Fri, 30 Jun 2028 23:59:59 GMT', url);
  }
  const { headers } = await app.inject('/new');
  assert.deepEqual([headers.deprecation, headers.sunset], [undefined, undefined]);

  const { paths } = (await app.inject('/openapi.json')).json();
  assert.equal(paths['/old'].get.deprecated, true);
  assert.equal('deprecation' in paths['/old'].get, false);
  assert.equal('deprecated' in paths['/new'].get, false);
});
