/** Definitions of several clusters in one text, each a YAML document that may say which cluster it is of. */
import Type from 'typebox';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { DomainError } from '../domain/errors.js';
import { closed, Name } from '../domain/schema/common.js';
import { DefinitionInput } from '../domain/schema/definition.js';
import { createValidator } from '../domain/validate.js';
import { firstLine, lineOf } from './definition-text.js';

const validate = createValidator(
  Type.Object(
    {
      project: Type.Optional(Name),
      cluster: Type.Optional(Name),
      absent: Type.Optional(Type.Boolean()),
      ...DefinitionInput.properties,
    },
    closed,
  ),
);

export interface ClusterDocument {
  readonly project: string | undefined;
  readonly cluster: string | undefined;
  /** The cluster is to be gone. */
  readonly isAbsent: boolean;
  /** A DefinitionInput. */
  readonly definition: object;
  /** Where something of the definition stands in the text, from 1. */
  lineOf(pointer: string): number;
}

export interface DocumentFault {
  readonly line: number;
  readonly detail: string;
}

export interface ClusterDocuments {
  readonly documents: readonly ClusterDocument[];
  readonly faults: readonly DocumentFault[];
}

/** JSON is YAML too. Empty documents are passed over. */
export function readClusterDocuments(text: string): ClusterDocuments {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true });
  const documents: ClusterDocument[] = [];
  const faults: DocumentFault[] = [];
  for (const document of Array.isArray(parsed) ? parsed : []) {
    if (document.errors.length === 0 && document.contents === null) continue;
    const read = readDocument(document, lines);
    if (Array.isArray(read)) faults.push(...read);
    else documents.push(read);
  }
  return { documents, faults };
}

function readDocument(document: Document, lines: LineCounter): ClusterDocument | DocumentFault[] {
  if (document.errors.length > 0) {
    return document.errors.map(({ pos, message }) => ({
      line: lines.linePos(pos[0]).line || 1,
      detail: firstLine(message),
    }));
  }
  try {
    const {
      project,
      cluster,
      absent = false,
      ...definition
    } = validate(document.toJS({ maxAliasCount: 100 }));
    const isAbsent = absent;
    if (isAbsent && Object.keys(definition).length > 0) {
      const detail = 'A cluster that is to be absent has no definition: remove absent, or the rest.';
      return [{ line: lineOf(document, lines, '/absent'), detail }];
    }
    return {
      ...{ project, cluster, isAbsent, definition },
      lineOf: (pointer) => lineOf(document, lines, pointer),
    };
  } catch (error) {
    if (error instanceof ReferenceError) return [{ line: 1, detail: `${error.message}.` }];
    if (!(error instanceof DomainError)) throw error;
    return error.violations.map(({ pointer, detail }) => ({
      line: lineOf(document, lines, pointer),
      detail,
    }));
  }
}
