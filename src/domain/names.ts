/** Where a resource lives: names, and the path that is its identity in the store, in audit events and in URLs. */

export const KINDS = ['project', 'cluster', 'virtualService', 'realServer', 'token', 'director'] as const;
export type Kind = (typeof KINDS)[number];

/** The kinds that make up cluster definitions. */
export type DefinitionKind = 'cluster' | 'virtualService' | 'realServer';

/** The kinds with the standard methods. */
export type StandardKind = 'project' | DefinitionKind;

const SEGMENTS = {
  project: 'projects',
  cluster: 'clusters',
  virtualService: 'virtual-services',
  realServer: 'real-servers',
  token: 'tokens',
  director: 'directors',
} as const satisfies Record<Kind, string>;

const KIND_OF_SEGMENT: ReadonlyMap<string, Kind> = new Map(KINDS.map((kind) => [SEGMENTS[kind], kind]));

/** A DNS label. */
export const NAME_PATTERN = '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$';

/** The same in words, after "must be". */
export const NAME_RULE = '1 to 63 of a-z, 0-9 and -, with no - at either end';

/** The names on the way to a resource; a resource of a kind has all those above it. */
export interface Names {
  readonly project: string;
  readonly cluster?: string;
  readonly virtualService?: string;
  readonly realServer?: string;
}

/** Names of a resource's parent: none above a project. */
export type ParentNames = Partial<Names>;

/** `projects/default/clusters/shop/virtual-services/http`: unique, and a prefix (plus "/") of its descendants'. "" without a name. */
export function pathOf(names: ParentNames): string {
  if (names.project === undefined) return '';
  let path = `${SEGMENTS.project}/${names.project}`;
  for (const kind of ['cluster', 'virtualService', 'realServer'] as const) {
    const name = names[kind];
    if (name === undefined) break;
    path = childPath(path, kind, name);
  }
  return path;
}

/** Of a path that `childPath` or `pathOf` wrote. */
export function kindOf(path: string): Kind {
  const kind = kindAt(path);
  if (kind === undefined) throw new TypeError(`${path} is no path of a resource`);
  return kind;
}

/** Of any path; undefined for one of what is no resource of its own, such as a setting of a director. */
export function kindAt(path: string): Kind | undefined {
  const parts = path.split('/');
  return parts.length % 2 === 0 ? KIND_OF_SEGMENT.get(parts.at(-2) as string) : undefined;
}

export function childPath(parent: string, kind: Kind, name: string): string {
  return parent === '' ? `${SEGMENTS[kind]}/${name}` : `${parent}/${SEGMENTS[kind]}/${name}`;
}

/** The path above, or "" for a resource at the root. */
export function parentPath(path: string): string {
  const end = path.lastIndexOf('/', path.lastIndexOf('/') - 1);
  return end < 0 ? '' : path.slice(0, end);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Reads a path that `pathOf` wrote. */
export function namesOf(path: string): Names {
  const [, project = '', , cluster, , virtualService, , realServer] = path.split('/');
  return {
    project,
    ...(cluster !== undefined && { cluster }),
    ...(virtualService !== undefined && { virtualService }),
    ...(realServer !== undefined && { realServer }),
  };
}

export function isWithin(path: string, ancestor: string): boolean {
  return path === ancestor || path.startsWith(`${ancestor}/`);
}
