/** A server to be asked at random, with what all of the asking needs. */

import { newService } from '../operations.js';
import { startTestServer, type TestServer } from '../server.js';
import { createSeen, type Seen } from './examples.js';
import { exampleRequests, type FuzzRequest } from './rest-requests.js';
import {
  createSender,
  type Sender,
  type SentRequest,
  type Tokens,
  tokensOf,
  written,
} from './rest-sender.js';

/** After so many batches what the examples make is made again: requests delete it. */
const EXAMPLES_EVERY = 8;

/** Limits that a request gave the project would keep all that follow from the kernel. */
const UNLIMITED: FuzzRequest = {
  method: 'PUT',
  template: '/v1/projects/{project}',
  path: { project: 'default' },
  query: [],
  headers: { 'content-type': 'application/json' },
  caller: 'admin',
  body: { value: { spec: {} } },
};

export interface FuzzSession {
  readonly server: TestServer;
  readonly sender: Sender;
  readonly seen: Seen;
  tokens(): Tokens;
  prepare(request: FuzzRequest): SentRequest;
  /** Before every batch: requests may have revoked tokens, and deleted everything. */
  beforeBatch(): Promise<void>;
  /** Makes what the document's examples make. */
  makeExamples(): Promise<void>;
  stop(): Promise<void>;
}

export async function startFuzzSession(): Promise<FuzzSession> {
  // one of the addresses that requests use is one that the kernel refuses
  const server = await startTestServer({ kernel: { localBroadcasts: ['10.0.0.3'] } });
  const foreign = Array.from({ length: 20 }, (_, n) =>
    newService({ protocol: 'tcp', address: `198.51.100.${n + 1}`, port: 443 }),
  );
  await server.kernel.open().apply(foreign);
  const sender = createSender(server);
  const seen = createSeen();
  let tokens = await tokensOf(server);
  let batches = 0;

  const prepare = (request: FuzzRequest) => written(request, seen, tokens);

  async function letIn(): Promise<void> {
    const headers = { authorization: `Bearer ${tokens.admin}` };
    const { status } = await sender.send({ method: 'GET', path: '/v1/directors', headers, body: null });
    if (status === 401) tokens = await tokensOf(server);
  }

  async function makeExamples(): Promise<void> {
    await letIn();
    await sender.send(prepare(UNLIMITED));
    for (const request of exampleRequests) seen.note((await sender.send(prepare(request))).body);
  }

  return {
    server,
    sender,
    seen,
    tokens: () => tokens,
    prepare,
    makeExamples,
    async beforeBatch() {
      if (batches % EXAMPLES_EVERY === 0) await makeExamples();
      else await letIn();
      batches += 1;
    },
    async stop() {
      sender.close();
      await server.stop();
    },
  };
}
