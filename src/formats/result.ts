/** What every reader of a foreign configuration answers: definitions, and a word about whatever is not in them. */
import type { DefinitionDocument } from './definition.js';

/** error: cannot be read or would be refused. unsupported: understood, not taken over. info: worth knowing. */
export type Severity = 'error' | 'unsupported' | 'info';

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface Finding extends Place {
  readonly severity: Severity;
  /** The directive's own words, shortened. */
  readonly directive: string;
  readonly detail: string;
}

/** One statement of a configuration, with the statements of its block. */
export interface Directive extends Place {
  readonly words: readonly string[];
  /** Null when it opened no block. */
  readonly block: readonly Directive[] | null;
}

/** Every directive is either taken over or named in a finding: `read` is the sum of the other two. */
export interface DirectiveCounts {
  readonly read: number;
  readonly takenOver: number;
  readonly named: number;
}

export interface ImportResult {
  /** By name. A cluster without virtual services is left out. */
  readonly clusters: Readonly<Record<string, DefinitionDocument>>;
  /** In the order of the file. */
  readonly findings: readonly Finding[];
  readonly directives: DirectiveCounts;
}

export interface ImportOptions {
  /** Name of the cluster that receives the virtual services (default "imported"). */
  readonly cluster?: string;
}

export const DEFAULT_CLUSTER = 'imported';

/** What a writer had to leave out, because the other side has no word for it. */
export interface Omission {
  /** Into the definition. */
  readonly pointer: string;
  readonly detail: string;
}

export interface Export {
  readonly text: string;
  readonly omissions: readonly Omission[];
}
