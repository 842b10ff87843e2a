import type { Store } from '../../store/store.js';
import type { Call } from '../control.js';
import { writeContext } from '../write-context.js';
import { CallDenied } from './authorise.js';
import { createDenials, type Denials } from './denials.js';

type Method = (call: Call, ...rest: unknown[]) => unknown;
type Group = Readonly<Record<string, Method>>;

/** The same operations, and an audit event (kind auth) for every call that a role does not allow. */
export function auditDeniedCalls<G extends Readonly<Record<string, object>>>(groups: G, store: Store): G {
  const denials = createDenials(store);
  const audited = Object.entries(groups).map(([name, group]) => [name, auditGroup(group as Group, denials)]);
  return Object.fromEntries(audited) as G;
}

function auditGroup(group: Group, denials: Denials): Group {
  const audited = Object.entries(group).map(([name, method]) => [name, auditMethod(method, denials)]);
  return Object.fromEntries(audited) as Group;
}

function auditMethod(method: Method, denials: Denials): Method {
  return (call, ...rest) => {
    try {
      const answer = method(call, ...rest);
      return answer instanceof Promise ? answer.catch((error) => record(denials, call, error)) : answer;
    } catch (error) {
      // A stream is denied before there is anything to wait for; a store that fails now fails the next write too.
      record(denials, call, error).catch(() => undefined);
      throw error;
    }
  };
}

async function record(denials: Denials, call: Call, error: unknown): Promise<never> {
  if (error instanceof CallDenied) {
    const { operation, resource, why } = error;
    const detail = `${operation} was not allowed: ${why}.`;
    await denials.record({ context: writeContext(call, operation), resource, detail });
  }
  throw error;
}
