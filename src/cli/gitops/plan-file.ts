/** A plan kept for later: what was asked for, and what the server had. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { closed } from '../../domain/schema/common.js';
import { createValidator } from '../../domain/validate.js';
import { CommandError } from '../command-error.js';
import type { SeenCluster } from './plan.js';
import type { WantedCluster } from './wanted.js';

const FORMAT = 'lvsd-plan/1';

const PlanFile = Type.Object(
  {
    format: Type.Literal(FORMAT),
    definitions: Type.String({ description: 'SHA-256 of what the files ask for.' }),
    clusters: Type.Array(
      Type.Object({ resource: Type.String(), etag: Type.Union([Type.String(), Type.Null()]) }, closed),
    ),
  },
  closed,
);
type PlanFile = Static<typeof PlanFile>;

const validate = createValidator(PlanFile);

export function writePlanFile(file: string, clusters: readonly SeenCluster[]): void {
  const plan: PlanFile = {
    format: FORMAT,
    definitions: digestOf(clusters),
    clusters: clusters.map(({ path, etag }) => ({ resource: path, etag })),
  };
  try {
    writeFileSync(file, `${JSON.stringify(plan, null, 2)}\n`);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    throw new CommandError(`The plan cannot be written to ${file} (${code}): choose another place.`);
  }
}

/** Throws CommandError when the files or the server's clusters are not those that the plan was made of. */
export function holdToPlanFile(file: string, clusters: readonly SeenCluster[]): void {
  const planned = readPlanFile(file);
  if (planned.definitions !== digestOf(clusters)) {
    throw new CommandError(`Nothing was changed: ${file} is the plan of other definitions. Plan again.`);
  }
  const etags = new Map(planned.clusters.map(({ resource, etag }) => [resource, etag]));
  const changed = clusters.filter(({ path, etag }) => etags.get(path) !== etag).map(({ path }) => path);
  if (changed.length === 0) return;
  throw new CommandError(
    `Nothing was changed: since ${file} was made, somebody has changed ${changed.join(', ')}. Plan again, and look at it.`,
  );
}

function readPlanFile(file: string): PlanFile {
  try {
    return validate(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    throw new CommandError(`${file} is no plan (${why}): make one with "lvsd plan --out ${file}".`);
  }
}

function digestOf(clusters: readonly WantedCluster[]): string {
  const wanted = clusters.map(({ path, document: { isAbsent, definition } }) => ({
    ...{ path, isAbsent, definition },
  }));
  return createHash('sha256').update(JSON.stringify(wanted)).digest('hex');
}
