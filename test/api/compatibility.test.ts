/** Clients of the released contract work with this one: `released/` is compared with `openapi/` and `proto/`. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { breakingChanges, type Document } from '../support/openapi-changes.js';
import { temporaryDirectory } from '../support/sqlite-source.js';

const checkout = fileURLToPath(new URL('../../..', import.meta.url));
const read = (path: string): Document => JSON.parse(readFileSync(join(checkout, path), 'utf8'));
/** For changes of what has not been released yet, too: docs/versioning.md. */
const REMEDY =
  'Keep what clients rely on (docs/versioning.md), or, before version 1.0.0, say so in the CHANGELOG and run: ' +
  'npm run release-contract';
const current = read('openapi/openapi.json');

test('nothing that the released OpenAPI document promises is taken away', () => {
  const changes = breakingChanges(read('released/openapi.json'), current);
  assert.equal(changes.length, 0, `${changes.join('\n')}\n${REMEDY}`);
});

test('nothing that the released proto files promise is taken away', () => {
  const { status, output } = buf(join(checkout, 'proto'));
  assert.equal(status, 0, `${output}\n${REMEDY}`);
});

function buf(folder: string): { status: number | null; output: string } {
  const against = join(checkout, 'released/proto.binpb');
  const { status, stdout, stderr } = spawnSync(
    join(checkout, 'node_modules/.bin/buf'),
    ['breaking', folder, '--against', against],
    { encoding: 'utf8', timeout: 60_000 },
  );
  return { status, output: stdout + stderr };
}

test('a field that changes its number, and a method that goes, are found', (t) => {
  const folder = temporaryDirectory(t);
  cpSync(join(checkout, 'proto'), folder, { recursive: true });
  const edit = (name: string, from: RegExp, to: string) => {
    const file = join(folder, 'lvsd/v1', name);
    const text = readFileSync(file, 'utf8');
    assert.match(text, from);
    writeFileSync(file, text.replace(from, to));
  };
  edit('real_server.proto', /optional uint32 weight = \d+;/, 'optional uint32 weight = 99;');
  edit('cluster_service.proto', /rpc GetCluster\([^;]+;/, '');
  const { status, output } = buf(folder);
  assert.equal(status, 100, output);
  assert.match(output, /"weight" on message "RealServerSpec"/);
  assert.match(output, /RPC "GetCluster" on service "ClusterService" was deleted/);
});

/** The members of a document that the cases change; a copy for each. */
type Node = { [key: string]: Node } & { [key: number]: Node };

interface Case {
  readonly what: string;
  readonly change: (document: Node) => void;
  /** The one change that is found; null: none, for an addition. */
  readonly found: RegExp | null;
}

const CLUSTERS = '/v1/projects/{project}/clusters';
const at = (node: Node | undefined, ...path: (string | number)[]): Node => {
  const found = path.reduce<Node | undefined>((one, key) => one?.[key], node);
  assert.ok(found, path.join(' '));
  return found;
};
const spec = (document: Node) => at(document, 'components', 'schemas', 'RealServerSpecInput');
const answer = (document: Node) => at(document, 'components', 'schemas', 'RealServer');
const text = { type: 'string' } as unknown as Node;

const cases: readonly Case[] = [
  {
    what: 'a path that goes',
    change: ({ paths }) => delete paths?.['/healthz'],
    found: /^GET \/healthz: is gone$/,
  },
  {
    what: 'another operationId',
    change: ({ paths }) => Object.assign(at(paths, CLUSTERS, 'get'), { operationId: 'clusters' }),
    found: /^GET .*clusters: its operationId was listClusters$/,
  },
  {
    what: 'a parameter that goes',
    change: ({ paths }) => Object.assign(at(paths, CLUSTERS, 'post', 'parameters', 0), { name: 'dryRun' }),
    found: /query parameter validateOnly is gone/,
  },
  {
    what: 'a parameter that is needed',
    change: ({ paths }) => Object.assign(at(paths, CLUSTERS, 'post', 'parameters', 0), { required: true }),
    found: /query parameter validateOnly is required now/,
  },
  {
    what: 'a status that goes',
    change: ({ paths }) => delete at(paths, CLUSTERS, 'post', 'responses')[201],
    found: /the answer 201 is gone/,
  },
  {
    what: 'a header that goes',
    change: ({ paths }) => delete at(paths, CLUSTERS, 'post', 'responses', 201, 'headers').location,
    found: /header location of the answer 201 is gone/,
  },
  {
    what: 'a media type that goes',
    change: ({ paths }) =>
      delete at(paths, `${CLUSTERS}/{cluster}`, 'patch', 'requestBody', 'content')[
        'application/merge-patch+json'
      ],
    found: /bodies of application\/merge-patch\+json are no longer taken/,
  },
  {
    what: 'a field of an answer that goes',
    change: (document) => delete at(answer(document), 'properties').revision,
    found: /the answer 200, revision is gone/,
  },
  {
    what: 'a field of an answer that may be missing',
    change: (document) => Object.assign(answer(document), { required: ['name'] }),
    found: /the answer 200, etag may be missing now/,
  },
  {
    what: 'a field of an answer that may be null',
    change: (document) => {
      at(answer(document), 'properties').name = { anyOf: [text, { type: 'null' }] } as unknown as Node;
    },
    found: /the answer 200, name can be null now/,
  },
  {
    what: 'a field of another type',
    change: (document) => Object.assign(at(spec(document), 'properties', 'weight'), { type: 'string' }),
    found: /weight was integer and is string/,
  },
  {
    what: 'a field that is needed',
    change: (document) => (at(spec(document), 'required') as unknown as string[]).push('weight'),
    found: /the body, spec, weight is required now/,
  },
  {
    what: 'a field that is no longer taken',
    change: (document) => delete at(spec(document), 'properties').weight,
    found: /weight is gone/,
  },
  {
    what: 'a bound that is tighter',
    change: (document) => Object.assign(at(spec(document), 'properties', 'weight'), { maximum: 100 }),
    found: /maximum of the body, spec, weight was 65535 and is 100/,
  },
  {
    what: 'a value that is no longer taken',
    change: (document) =>
      Object.assign(at(spec(document), 'properties', 'adminState'), { enum: ['active', 'drain'] }),
    found: /adminState no longer takes disabled/,
  },
  {
    what: 'a keyword that the comparison does not know',
    change: (document) => Object.assign(spec(document), { dependentRequired: { weight: ['port'] } }),
    found: /dependentRequired of the body, spec is another/,
  },
  {
    what: 'a new path',
    change: ({ paths }) => Object.assign(paths ?? {}, { '/v2/news': at(paths, CLUSTERS) }),
    found: null,
  },
  {
    what: 'a new optional parameter',
    change: ({ paths }) =>
      (at(paths, CLUSTERS, 'get', 'parameters') as unknown as object[]).push({
        name: 'x',
        in: 'query',
        schema: text,
      }),
    found: null,
  },
  {
    what: 'a new optional field of bodies and a new field of answers',
    change: (document) => {
      at(spec(document), 'properties').zone = text;
      at(answer(document), 'properties').zone = text;
    },
    found: null,
  },
  {
    what: 'a new problem and a problem less',
    change: ({ paths }) => {
      const responses = at(paths, CLUSTERS, 'get', 'responses');
      responses[418] = at(responses, 403);
      delete responses[403];
    },
    found: null,
  },
  {
    what: 'a bound that is looser, and a value more',
    change: (document) => {
      Object.assign(at(spec(document), 'properties', 'weight'), { maximum: 1e6 });
      (at(spec(document), 'properties', 'adminState', 'enum') as unknown as string[]).push('parked');
    },
    found: null,
  },
];

for (const { what, change, found } of cases) {
  test(`${what} ${found ? 'is found' : 'is compatible'}`, () => {
    const changed = structuredClone(current) as unknown as Node;
    change(changed);
    const changes = breakingChanges(current, changed as unknown as Document);
    if (found)
      assert.ok(
        changes.some((one) => found.test(one)),
        changes.join('\n'),
      );
    else assert.deepEqual(changes, []);
  });
}
