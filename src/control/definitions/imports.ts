/** Configurations of other tools: what each would become here, and then that. */
import { DomainError, type Violation, violationError } from '../../domain/errors.js';
import { type Names, pathOf } from '../../domain/names.js';
import { type Import, ImportInput } from '../../domain/schema/import.js';
import type { Preview } from '../../domain/schema/preview.js';
import { atOnce } from '../../domain/slices.js';
import { createValidator } from '../../domain/validate.js';
import { createTextFiles } from '../../formats/config-files.js';
import { guessFormat, type ImportFormat } from '../../formats/guess.js';
import { readConfiguration } from '../../formats/read.js';
import { DEFAULT_CLUSTER, type Finding, type ImportResult } from '../../formats/result.js';
import { withLabelsOf } from '../../formats/with-labels.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { Imports, TaggedDefinition } from '../control.js';
import { definitionReplacement, tagged } from './definitions.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

/** A sentence shows the first faults, the answer all of them. */
const SHOWN_FAULTS = 3;

export function createImports({ store, reconciler, now }: Dependencies): Imports {
  const validate = createValidator(ImportInput);
  const replace = definitionReplacement({ reconciler, now });

  function currentOf(names: Names): TaggedDefinition | undefined {
    return store.read((reader) =>
      reader.resource(pathOf(names)) ? atOnce(tagged(reader, names)) : undefined,
    );
  }

  return {
    async create(call, body, { validateOnly = false, drain = true }) {
      authorise(call, 'createImport', { project: projectOf(body) });
      const input: ImportInput = validate(body);
      const { project = 'default', cluster = DEFAULT_CLUSTER, apply = false, prune = false } = input;
      const names = { project, cluster };
      const format = input.format ?? guessed(input);
      const result = readConfiguration(format, sourceOf(input), cluster);
      const document = result.clusters[cluster];
      const faults = result.findings.filter(({ severity }) => severity === 'error');
      const isWanted = apply && !validateOnly;
      if (!document || (isWanted && faults.length > 0)) throw faulty(input, faults);

      const current = currentOf(names);
      const precondition = current ? { ifMatch: current.etag } : { onlyCreate: true };
      const write = {
        names,
        body: withLabelsOf(document, current?.definition),
        action: 'createImport',
      } as const;
      const planned = await replace(call, write, { ...precondition, validateOnly: true, drain });
      const { changes, operations } = (planned as { preview: Preview }).preview;
      const answer = { ...names, format, definition: write.body, ...taken(result), changes, operations };
      if (!isWanted) return { ...answer, state: 'planned' };
      refusePruning(changes, prune);
      if (changes.length === 0) return { ...answer, state: 'unchanged' };
      const applied = { ...write, answer: { ...answer, state: 'applied' } };
      const written = await replace(call, applied, { ...precondition, drain });
      return { ...answer, state: 'pending' in written && written.pending ? 'pending' : 'applied' };
    },
  };
}

/** Of a body that may be anything. */
function projectOf(body: unknown): string {
  const { project } = (body ?? {}) as { project?: unknown };
  return typeof project === 'string' ? project : 'default';
}

function sourceOf({ files }: ImportInput) {
  const [{ path: file, content: text }] = files as [ImportInput['files'][number]];
  return {
    file,
    text,
    files: createTextFiles(Object.fromEntries(files.map(({ path, content }) => [path, content]))),
  };
}

function guessed({ files }: ImportInput): ImportFormat {
  const { path = '', content = '' } = files[0] ?? {};
  const format = guessFormat(content, path);
  if (format) return format;
  const detail = `Neither the name nor the content of ${path} tells what it is: name its format.`;
  throw violationError([{ reason: 'IMPORT_FORMAT_UNKNOWN', pointer: '/format', detail }]);
}

function taken({ findings, directives }: ImportResult): Pick<Import, 'findings' | 'directives'> {
  return {
    findings: findings.map(({ severity, file, line, directive, detail }) => ({
      ...{ severity, file, line },
      ...{ directive, detail },
    })),
    directives,
  };
}

function faulty({ files }: ImportInput, faults: readonly Finding[]): DomainError {
  const found = faults.map(
    ({ file, line, directive, detail }) => `${file}:${line}: [${directive}] ${detail}`,
  );
  if (found.length === 0) found.push(`${files[0]?.path} has no virtual service that could be taken over.`);
  const violations = found.map((detail): Violation => {
    const index = files.findIndex(({ path }) => detail.startsWith(`${path}:`));
    return { reason: 'IMPORT_FAULTY', pointer: `/files/${Math.max(index, 0)}/content`, detail };
  });
  const more = found.length > SHOWN_FAULTS ? [`And ${found.length - SHOWN_FAULTS} more.`] : [];
  const message = ['Nothing was stored.', ...found.slice(0, SHOWN_FAULTS), ...more].join(' ');
  return new DomainError('IMPORT_FAULTY', message, { violations });
}

function refusePruning(changes: Preview['changes'], prune: boolean): void {
  const deleted = changes.filter(({ type }) => type === 'delete').map(({ resource }) => resource);
  if (deleted.length === 0 || prune) return;
  throw new DomainError(
    'PRUNE_NEEDED',
    `Nothing was stored: it would delete ${deleted.join(', ')}. Allow that with prune, or choose another cluster.`,
    { metadata: { deleted: deleted.join(' ') } },
  );
}
