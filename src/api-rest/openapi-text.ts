/** The prose of the API document. */
import { reasonText, TRANSPORT_PROBLEMS } from './operation.js';
import { statusOf } from './problem.js';

const TRANSPORT = TRANSPORT_PROBLEMS.map((reason) => `- ${statusOf(reason)}: ${reasonText(reason)}`).join(
  '\n',
);

export const DESCRIPTION = `The control plane of Linux Virtual Server: define clusters here, and lvsd keeps the kernel's IPVS table equal to them.

**Start here.** Authorize with the token that the server wrote to \`admin-token\` in its data directory at its first start. Then create a
cluster, a virtual service in it (what clients connect to) and real servers behind it. The examples below build on one
another: sent in the order of this page, the deletions last, they work on a fresh server. Blue operations (GET) only read; all
others change something, and most of them can show beforehand what (\`validateOnly\`).

**Resources.** \`spec\` is what you want; leave out what has a default. \`status\` is what the directors made of it: \`applied\`,
\`pending\` (stored, the kernel not reached yet) or \`refused\`. A body may carry read-only members, so what GET answered can
be sent back. Unknown fields and unknown query parameters are refused, never dropped.

**Writing.** POST creates, PUT creates or replaces (send it again and nothing changes: it is idempotent), PATCH takes a JSON merge
patch, DELETE removes. The answer comes when the kernel has the change; 202 means that it is stored and follows later. What
the kernel refuses is undone and answered with 422 \`KERNEL_REFUSED\`. \`validateOnly=true\` shows what would change, kernel
operations included, and changes nothing.

**Preconditions.** Every resource has a strong \`ETag\`. Send it as \`If-Match\` and the write happens only if nobody else was faster
(else 412 \`ETAG_MISMATCH\`); \`If-None-Match: *\` on PUT means create only; on GET, \`If-None-Match\` saves the body (304).

**Lists** come in pages, in a stable order: pass \`nextPageToken\` as \`pageToken\` until it is empty.

**Errors** are problem documents (RFC 9457). Branch on \`reason\`; \`errors\` names every field at fault; \`type\` leads to an explanation.
Besides those of each operation, every path may answer:

${TRANSPORT}

**Tracing.** Send \`X-Request-Id\` (1 to 128 printable ASCII characters) or get one: it is in the answer, the log and the audit events.
\`X-Audit-Reason\` says why a change is made; the audit event keeps it.`;

/** By task, in the order of a first visit. */
export const TAGS = [
  {
    name: 'Clusters',
    description:
      'Where everything begins: virtual services and the real servers behind them, under one name.',
  },
  {
    name: 'Virtual services',
    description: 'What clients connect to: a VIP with a port, or a firewall mark.',
  },
  {
    name: 'Real servers',
    description: 'Where connections go. Weigh, drain, disable; one host in all its services.',
  },
  {
    name: 'Definitions',
    description: 'A whole cluster as one document: read it, keep it in git, put it back.',
  },
  {
    name: 'Moving in',
    description: 'Take over what you run today: files of other tools, or what is in the kernel already.',
  },
  {
    name: 'Packets',
    description:
      'Will they flow? What is in the way on the director, each hop of a connection, setup of real servers.',
  },
  {
    name: 'Kernel',
    description: 'What the kernel holds now: its table, drift from the definitions, connections, drains.',
  },
  {
    name: 'Directors',
    description:
      'The hosts whose kernels are steered, and their settings: timeouts, synchronisation, drift policy.',
  },
  {
    name: 'Projects',
    description: 'One for each tenant: what it has to itself, how much of it, and within which limits.',
  },
  {
    name: 'Access',
    description: 'Tokens: who may call, what for, and until when.',
  },
  { name: 'Audit', description: 'Who changed what, when and why, and what the kernel answered; also live.' },
  { name: 'Server', description: 'Health, readiness, metrics and the meaning of problems. Needs no token.' },
];

export const MEMORY_NOTE =
  '> **Memory driver: no packet is balanced.** This server keeps its table in a model of the kernel instead of the ' +
  'kernel itself; the director `local` says why (`driverReason`). Everything else works as described.\n\n';

export const READ_ONLY_NOTE =
  '> **Read-only.** This server was started with `LVSD_READ_ONLY`: reads and previews (`validateOnly`) work, changes are ' +
  'refused.\n\n';
