/** Virtual services as callers name them: by the key that the table shows, or by the path of the resource. */
import { DomainError, violationError } from '../../domain/errors.js';
import { entryKindOf, type Frontend, parseFrontend, readFrontendKey } from '../../domain/keys.js';
import type { Store } from '../../store/store.js';

/** Throws VIRTUAL_SERVICE_NOT_FOUND. */
export function frontendOfResource(store: Store, path: string): Frontend {
  const found = store.read((reader) =>
    reader.resource(path)?.kind === 'virtualService'
      ? reader.entriesOf(path).find(({ key, state }) => entryKindOf(key) === 'service' && state === 'living')
      : undefined,
  );
  if (found) return parseFrontend(found.key);
  throw new DomainError('VIRTUAL_SERVICE_NOT_FOUND', `There is no virtual service at ${path}.`, {
    metadata: { resource: path },
  });
}

/** Throws a violation of `field` when the key is not of a service. The kernel need not have it. */
export function frontendOfKey(key: string, field: string): Frontend {
  const frontend = readFrontendKey(key);
  if (frontend) return frontend;
  const detail = `${field} "${key}" is no key of a service: write it as the table does, like tcp/192.0.2.1:80 or fwmark/ipv4/7.`;
  throw violationError([{ reason: 'FIELD_INVALID', pointer: `/${field}`, detail }]);
}
