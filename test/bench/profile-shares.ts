/** `node profile-shares.js FILE.cpuprofile`: the shares of lvsd's parts in what `npm run bench -- --profile` recorded. */
import { readFileSync } from 'node:fs';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** A sample counts for the first part that matches its innermost frame, then the frame that called it, and so on. */
const PARTS: readonly (readonly [part: string, frame: RegExp])[] = [
  ['idle', /^\(idle\)/],
  ['garbage collection', /^\(garbage collector\)/],
  ['loading of modules', /internal\/modules|internal\/bootstrap|typebox\/build/],
  ['commit (fsync, checkpoint)', /^runGroup .*group-commit/],
  ['audit: insert', /^append .*transaction/],
  ['audit: canonical JSON', /canonicalize|canonical-json/],
  ['audit: hash', /audit\/chain/],
  ['rows: insert, update, delete', /sqlite\/(transaction|changes)/],
  ['rows: read and JSON.parse', /sqlite\/(reader|rows|event-query)/],
  ['transactions, savepoints, queue', /store\/sqlite\//],
  ['driver', /src\/driver\//],
  ['kernel entries of the definition', /control\/entries|domain\/desired/],
  ['plan and keys', /domain\/(plan|keys)|reconcile\/apply-changes/],
  ['reconciler', /src\/reconcile\//],
  ['validation', /domain\/(validate|rules|capabilities|address|merge-patch|schema)|typebox/],
  ['authentication', /control\/(authentication|tokens|authorise)/],
  ['presentation', /control\/(present|page|kernel-table)/],
  ['control', /src\/control\/|domain\/names/],
  ['JSON of answers', /^\(anonymous\) .*api-rest\/app|convert\/to-message|api-grpc\/unary/],
  ['REST doors', /src\/api-rest\//],
  ['gRPC doors', /src\/api-grpc\//],
  ['fastify', /node_modules\/(fastify|find-my-way|avvio|@fastify|secure-json-parse)/],
  ['grpc-js, protobuf', /node_modules\/(@grpc|@bufbuild)/],
  ['node: HTTP and sockets', /^writev |node:(_http|net|internal\/(streams|stream_base|http2))/],
];

/** No part of the work. */
const APART = ['idle', 'loading of modules'];

const profile = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as CpuProfile;
const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
const callers = new Map(
  profile.nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])),
);
const shares = new Map<string, number>();
for (const [index, id] of profile.samples.entries()) {
  const part = partOf(id);
  shares.set(part, (shares.get(part) ?? 0) + (profile.timeDeltas[index] ?? 0));
}
for (const part of APART) {
  console.log(`${part}: ${Math.round((shares.get(part) ?? 0) / 1000)} ms`);
  shares.delete(part);
}
const busy = [...shares.values()].reduce((sum, micros) => sum + micros, 0);
console.log(`the rest: ${Math.round(busy / 1000)} ms, of which`);
for (const [part, micros] of [...shares].sort(([, a], [, b]) => b - a)) {
  console.log(`${((100 * micros) / busy).toFixed(1).padStart(6)} %  ${part}`);
}

function partOf(leaf: number): string {
  for (let id: number | undefined = leaf; id !== undefined; id = callers.get(id)) {
    const frame = nodes.get(id)?.callFrame;
    const text = `${frame?.functionName || '(anonymous)'} ${frame?.url ?? ''}`;
    const found = PARTS.find(([, pattern]) => pattern.test(text));
    if (found) return found[0];
  }
  return 'other';
}
