/** Timeouts and synchronisation daemons as desired state of a director. */
import type { TSchema } from 'typebox';
import { addressBytes, canonicalAddress } from '../../domain/address.js';
import { DAEMON_STATES, type SyncDaemons } from '../../domain/director-operation.js';
import { type Violation, violationError } from '../../domain/errors.js';
import { hasMixedFamilies } from '../../domain/keys.js';
import {
  type KernelSections,
  normaliseSyncDaemons,
  type Section,
  type Setting,
  SyncDaemonSettingsInput,
  TimeoutSettingsInput,
} from '../../domain/schema/director-settings.js';
import { createValidator } from '../../domain/validate.js';
import { KernelUnavailableError } from '../../driver/kernel-error.js';
import { directorPath, directorSpec } from '../../reconcile/converge-settings.js';
import { entryPages } from '../../reconcile/entry-pages.js';
import type { Reconciler } from '../../reconcile/reconciler.js';
import type { Store, Transaction } from '../../store/store.js';
import { authorise } from '../access/authorise.js';
import type { DirectorSettings } from '../control.js';
import { withoutReadOnly } from '../definitions/body.js';
import type { OperationName } from '../operations.js';
import { checkPreconditions, etagOf } from '../preconditions.js';
import { keeping } from '../retries/kept-answers.js';
import { previewOf, writeContext } from '../write-context.js';
import { requireKnownDirector } from './directors.js';

interface Descriptor<S extends Section> {
  readonly section: S;
  readonly input: TSchema;
  readonly operations: { readonly get: OperationName; readonly replace: OperationName };
  /** Fills in the defaults of a valid section that is not null; throws its violations. */
  normalise(given: unknown): KernelSections[S];
  /** Rejects with what stands in its way beyond the section itself. */
  check?(wanted: KernelSections[S]): Promise<void>;
}

export function createTimeouts(store: Store, reconciler: Reconciler): DirectorSettings<'timeouts'> {
  return createSettings(store, reconciler, {
    section: 'timeouts',
    input: TimeoutSettingsInput,
    operations: { get: 'getTimeouts', replace: 'replaceTimeouts' },
    normalise: (given) => given as KernelSections['timeouts'],
  });
}

export function createSyncDaemons(store: Store, reconciler: Reconciler): DirectorSettings<'syncDaemons'> {
  return createSettings(store, reconciler, {
    section: 'syncDaemons',
    input: SyncDaemonSettingsInput,
    operations: { get: 'getSyncDaemons', replace: 'replaceSyncDaemons' },
    normalise: (given) => withGroups(normaliseSyncDaemons(given as never)),
    check: (wanted) => refuseMixedFamilies(store, wanted),
  });
}

interface Body<S extends Section> {
  readonly spec: KernelSections[S];
  readonly etag?: string;
}

function createSettings<S extends Section>(
  store: Store,
  reconciler: Reconciler,
  descriptor: Descriptor<S>,
): DirectorSettings<S> {
  const { director, driver } = reconciler;
  const { section, operations } = descriptor;
  const path = directorPath(director.name);
  const validate = createValidator(descriptor.input);

  function parse(body: unknown): Body<S> {
    const { spec, etag } = validate(withoutDirector(body)) as Body<S>;
    return { spec: spec && descriptor.normalise(spec), ...(etag !== undefined && { etag }) };
  }

  async function present(): Promise<Setting<S>> {
    const actual = await driver.readDirector().catch(unreachable);
    const { spec, revision } = store.read((reader) => ({
      spec: directorSpec(reader, director.name)[section],
      revision: reader.resource(path)?.revision ?? 0,
    }));
    return {
      director: director.name,
      spec,
      status: {
        ...stateOf(spec, actual instanceof KernelUnavailableError ? actual : undefined),
        actual: actual instanceof KernelUnavailableError ? null : actual[section],
      },
      revision,
      etag: etagOf(revision),
    };
  }

  /** Stored, and the kernel not yet told. */
  function expected(tx: Transaction): Setting<S> {
    const revision = tx.resource(path)?.revision ?? 0;
    const spec = directorSpec(tx, director.name)[section];
    const state = spec === null ? 'unmanaged' : 'pending';
    const detail = spec === null ? null : 'not compared yet';
    const etag = etagOf(revision);
    return { director: director.name, spec, status: { state, detail, actual: null }, revision, etag };
  }

  function stateOf(spec: KernelSections[S], outage: Error | undefined): Omit<Setting<S>['status'], 'actual'> {
    if (spec === null) return { state: 'unmanaged', detail: null };
    const problem = director.settingProblems.get(section);
    if (problem) return problem;
    if (outage || !director.everSynced)
      return { state: 'pending', detail: outage?.message ?? 'not compared yet' };
    return { state: 'applied', detail: null };
  }

  return {
    async get(call, name) {
      authorise(call, operations.get);
      requireKnownDirector(director.name, name);
      return present();
    },

    async replace(call, name, body, options) {
      authorise(call, operations.replace);
      requireKnownDirector(director.name, name);
      const { spec, etag } = parse(body);
      await descriptor.check?.(spec);
      const job = {
        context: writeContext(call, operations.replace),
        section,
        change: keeping(call, change, (tx) => ({
          resource: expected(tx),
          created: false,
          pending: false,
        })),
      };
      function change(tx: Transaction) {
        // Settings are always there, at revision 0 until something is stored.
        const current = etagOf(tx.resource(path)?.revision ?? 0);
        checkPreconditions(path, current, { ...options, bodyEtag: etag });
        const wanted = { ...directorSpec(tx, director.name), [section]: spec };
        tx.put({ kind: 'director', path, labels: {}, spec: wanted });
      }
      if (options.validateOnly) return { preview: previewOf(await reconciler.previewSettings(job)) };
      const { pending } = await reconciler.writeSettings(job);
      return { resource: await present(), created: false, pending };
    },
  };
}

/** As `withoutReadOnly`, with the member that only settings have. */
export function withoutDirector(given: unknown): unknown {
  const body = withoutReadOnly(given);
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { director: _, ...rest } = body as Record<string, unknown>;
  return rest;
}

function unreachable(error: unknown): KernelUnavailableError {
  if (error instanceof KernelUnavailableError) return error;
  throw error;
}

/** The groups in canonical spelling; throws for those that are no multicast addresses. */
function withGroups(daemons: SyncDaemons): SyncDaemons {
  const violations: Violation[] = [];
  const canonical = DAEMON_STATES.map((state) => {
    const daemon = daemons[state];
    const group = daemon && canonicalAddress(daemon.group);
    if (daemon && (!group || !isMulticast(group))) {
      const detail = `group "${daemon.group}" is no multicast address: use one of 224.0.0.0/4 or ff00::/8.`;
      violations.push({ reason: 'GROUP_NOT_MULTICAST', pointer: `/spec/${state}/group`, detail });
    }
    return [state, daemon && { ...daemon, group: group ?? daemon.group }];
  });
  if (violations.length > 0) throw violationError(violations as [Violation, ...Violation[]]);
  return Object.fromEntries(canonical) as SyncDaemons;
}

function isMulticast(address: string): boolean {
  const bytes = addressBytes(address);
  const first = bytes[0] ?? 0;
  return bytes.length === 4 ? (first & 0xf0) === 0xe0 : first === 0xff;
}

/** The protocol has no words for real servers of another family than their service (ip_vs_genl_new_daemon). */
async function refuseMixedFamilies(store: Store, wanted: SyncDaemons | null): Promise<void> {
  if (!wanted?.master && !wanted?.backup) return;
  for await (const page of entryPages(store)) {
    const mixed = page.find(({ key, state }) => state === 'living' && hasMixedFamilies(key));
    if (!mixed) continue;
    const detail = `Connections of ${mixed.key} cannot be synchronised: remove it first, its families differ.`;
    throw violationError([{ reason: 'SYNC_EXCLUDES_MIXED_FAMILIES', pointer: '/spec', detail }]);
  }
}
