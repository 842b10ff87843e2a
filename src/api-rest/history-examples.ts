/** The worked examples of history: the weight of a real server was raised. */
import type { DefinitionDiff, PastResource, ResourceRevision } from '../domain/schema/history.js';
import { AUDIT_EVENT, NAMES } from './examples.js';

const { resource, actor, time, reason, requestId } = AUDIT_EVENT;

export const HISTORY: {
  readonly revision: ResourceRevision;
  readonly past: PastResource;
  readonly diff: DefinitionDiff;
  readonly text: string;
} = {
  revision: {
    ...{ revision: 30, time, actor, action: 'updateRealServer', reason, requestId },
    ...{ created: 0, updated: 1, deleted: 0 },
    summary: 'updated virtual-services/http/real-servers/web-1: spec.weight 3 -> 5',
    undoneBy: null,
  },
  past: { resource, revision: 30, labels: {}, spec: { address: NAMES.address, port: 8080, weight: 5 } },
  diff: {
    project: NAMES.project,
    cluster: NAMES.cluster,
    from: 29,
    to: 30,
    patch: [{ op: 'replace', path: '/virtualServices/http/realServers/web-1/spec/weight', value: 5 }],
  },
  text: `projects/default/clusters/shop, revision 29 to 30

~ virtual-services/http/real-servers/web-1
    spec.weight: 3 -> 5
`,
};
