/** Projects: the standard methods, with what a project has, and what of that its limits do not allow. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '../../domain/errors.js';
import { nameOf, pathOf } from '../../domain/names.js';
import { type LimitViolation, type Project, SHOWN_VIOLATIONS } from '../../domain/schema/project-resource.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Reader, Store, StoredResource } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import { visibleProjects } from '../access/grants.js';
import type { Resources, WriteAnswer } from '../control.js';
import { PROJECT } from './kinds.js';
import { identity } from './present.js';
import { isUnlimited, limitViolations, projectSpecOf, usageOf } from './project-limits.js';
import { createResources } from './resources.js';

interface Dependencies {
  readonly store: Store;
  readonly reconciler: Reconciler;
  readonly now: () => Date;
}

export function createProjects({ store, reconciler, now }: Dependencies): Resources<Project> {
  const resources = createResources<Project, Project['spec']>(PROJECT, {
    store,
    reconciler,
    now,
    present: presentProject,
    authorise(call, operation, { project }) {
      if (operation === 'getProject')
        authorise(call, operation, { ...(project !== undefined && { project }) });
      else authorise(call, operation, { ...(project !== undefined && { known: project }) });
    },
    mayList(call) {
      const visible = visibleProjects(call);
      return visible === 'all' ? undefined : ({ path }) => visible.has(nameOf(path));
    },
    checkRemoval,
  });

  /** A cluster at a time, so that a large project holds nobody up. */
  async function violationsOf(project: Project): Promise<LimitViolation[]> {
    const { limits } = project.spec;
    if (isUnlimited(limits)) return [];
    const found: LimitViolation[] = [];
    for (const path of clustersOf(store, project.name)) {
      if (found.length >= SHOWN_VIOLATIONS) break;
      store.read((reader) => {
        const cluster = reader.resource(path);
        for (const one of cluster ? [cluster, ...reader.descendants(path)] : []) {
          const violations = limitViolations(limits, one, (above) => reader.resource(above));
          found.push(...violations.map(({ reason, detail }) => ({ resource: one.path, reason, detail })));
        }
      });
      await nextTurn();
    }
    return found.slice(0, SHOWN_VIOLATIONS);
  }

  async function whole(project: Project): Promise<Project> {
    return { ...project, status: { ...project.status, violations: await violationsOf(project) } };
  }

  async function written(answer: WriteAnswer<Project>): Promise<WriteAnswer<Project>> {
    return 'preview' in answer ? answer : { ...answer, resource: await whole(answer.resource) };
  }

  return {
    ...resources,
    get: async (...args) => whole(await resources.get(...args)),
    create: async (...args) => written(await resources.create(...args)),
    replace: async (...args) => written(await resources.replace(...args)),
    update: async (...args) => written(await resources.update(...args)),
  };
}

/** As lists show it, without violations. */
export function presentProject(stored: StoredResource, reader: Reader): Project {
  const { name, ...rest } = identity(stored);
  return { name, ...rest, spec: projectSpecOf(stored), status: { usage: usageOf(reader, name) } };
}

function clustersOf(store: Store, project: string): string[] {
  const query = { kind: 'cluster', parent: pathOf({ project }), limit: Number.MAX_SAFE_INTEGER } as const;
  return store.read((reader) => reader.resources(query).map(({ path }) => path));
}

const PERMANENT = 'default';

function checkRemoval(path: string): void {
  if (nameOf(path) !== PERMANENT) return;
  const detail = `The project "${PERMANENT}" is always there: delete its clusters instead.`;
  throw new DomainError('PROJECT_PERMANENT', detail, { metadata: { project: PERMANENT } });
}
