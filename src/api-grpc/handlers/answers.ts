/** What the handlers of all services share: names and options out of requests. */
import type { DeleteOptions } from '../../control/control.js';
import { type Violation, violationError } from '../../domain/errors.js';
import { NAME_PATTERN, NAME_RULE, type Names, type ParentNames } from '../../domain/names.js';

const NAME = new RegExp(NAME_PATTERN);

/** The fields of a request that name a resource. A message has those of its kind. */
export interface NameFields {
  readonly project: string;
  readonly cluster?: string;
  readonly virtualService?: string;
}

/** Likewise of any kind; projects are below nothing. */
export type ParentFields = Partial<NameFields>;

/** Throws the violations of all these fields that hold no name; there are no defaults. */
export function requireNames(request: object, fields: readonly string[]): void {
  const faults = fields.flatMap((field) => nameFault(request, field) ?? []);
  const [first, ...rest] = faults;
  if (first) throw violationError([first, ...rest]);
}

function nameFault(request: object, field: string): Violation | undefined {
  const name = (request as Readonly<Record<string, unknown>>)[field];
  if (typeof name !== 'string' || NAME.test(name)) return undefined;
  const pointer = `/${field}`;
  const shown = field === 'virtualService' ? 'virtual_service' : field;
  return name === ''
    ? { reason: 'FIELD_REQUIRED', pointer, detail: `${shown} is required: name it.` }
    : { reason: 'FIELD_INVALID', pointer, detail: `${shown} must be ${NAME_RULE}.` };
}

/** The names of a resource's parents, or with a definition of the cluster itself. */
export function parentNames(request: NameFields): Names;
export function parentNames(request: ParentFields): ParentNames;
export function parentNames(request: ParentFields): ParentNames {
  const { project, cluster, virtualService } = request;
  requireNames(request, ['project', 'cluster', 'virtualService']);
  return {
    ...(project !== undefined && { project }),
    ...(cluster !== undefined && { cluster }),
    ...(virtualService !== undefined && { virtualService }),
  };
}

interface WriteFields {
  readonly validateOnly: boolean;
  readonly etag?: string;
  readonly onlyCreate?: boolean;
  readonly cascade?: boolean;
  readonly allowMissing?: boolean;
  readonly drain?: boolean | undefined;
}

export function writeOptions(request: WriteFields): DeleteOptions {
  const { validateOnly, etag, onlyCreate, cascade, allowMissing, drain } = request;
  return {
    validateOnly,
    ...(allowMissing && { allowMissing }),
    ...(etag && { ifMatch: etag }),
    ...(onlyCreate && { onlyCreate }),
    ...(cascade && { cascade }),
    ...(drain !== undefined && { drain }),
  };
}

interface QueryFields {
  readonly pageSize: number;
  readonly pageToken: string;
}

/** Zero and empty mean absent. */
export function pageOptions({ pageSize, pageToken }: QueryFields): { pageSize?: number; pageToken?: string } {
  return { ...(pageSize > 0 && { pageSize }), ...(pageToken && { pageToken }) };
}
