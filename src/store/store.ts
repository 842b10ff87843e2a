/**
 * The port to the database. Two things any backend must give: a write is atomic and durable when it resolves, and
 * readers can follow revisions. Nothing above this file knows SQL.
 *
 * One counter, the revision, orders everything: every audit event takes the next number, a resource's revision is that of
 * the event which last changed it, and watchers resume from any of them.
 */
import type { EntryConfig } from '../domain/entry.js';
import type { DefinitionKind, Kind } from '../domain/names.js';
import type { AuditArchive } from '../domain/schema/audit-archive.js';
import type { Actor, AuditEvent, Integrity } from '../domain/schema/audit-event.js';
import type { Labels } from '../domain/schema/common.js';
import type { Slices } from '../domain/slices.js';

/** Shared between readers: not to be changed. */
export interface StoredResource {
  readonly kind: Kind;
  /** Identity: `names.ts`. */
  readonly path: string;
  readonly labels: Labels;
  /** Normalised spec of the kind. */
  readonly spec: unknown;
  readonly revision: number;
  /** RFC 3339, UTC. */
  readonly createTime: string;
  readonly updateTime: string;
}

/**
 * One entry of a director that lvsd owns: what its kernel is to hold under a key, and for which resource. The
 * entries are at once the desired state, the ownership (a kernel entry whose key is not here is foreign) and the
 * uniqueness of keys.
 */
export interface OwnedEntry {
  /** `keys.ts`: of a frontend, a destination, an address or source NAT. */
  readonly key: string;
  /** The resource that it stands for; it outlives that resource while the entry is being removed. */
  readonly path: string;
  /**
   * living: the kernel is to have it. draining: its resource is gone, the kernel keeps it (a destination with weight 0)
   * while it has connections. removing: the kernel is not to have it any more, and may still do.
   */
  readonly state: 'living' | 'draining' | 'removing';
  readonly config: EntryConfig;
  /** Revision of the resource when the entry was last put. */
  readonly revision: number;
  /** How long its connections may take to end once it is drained; 0 for services, which wait for their destinations. */
  readonly drainSeconds: number;
  /**
   * RFC 3339, UTC: when the drain ends, whatever connections are left. Set while a destination is drained, in state living
   * (its weight is 0 and it stays) or draining; else null.
   */
  readonly drainDeadline: string | null;
  readonly origin: Origin;
}

/**
 * fresh: it has never been seen in the kernel; what the kernel has under its key with other attributes is somebody else's.
 * made: lvsd put it into the kernel. found: the kernel had it, with these attributes, when lvsd first looked, or it was
 * adopted. Once it is not fresh it stays what it is, also when the kernel loses the entry.
 */
export type Origin = 'fresh' | 'made' | 'found';

/** What happened to one resource in a write, from before its first change to after its last. Never null on both sides. */
export interface ResourceChange {
  readonly path: string;
  readonly before: StoredResource | null;
  readonly after: StoredResource | null;
}

/** Likewise for one owned entry. */
export interface EntryChange {
  readonly key: string;
  readonly before: OwnedEntry | null;
  readonly after: OwnedEntry | null;
}

/** By what a retry finds the answer of the call that it repeats. */
export interface AnswerKey {
  readonly principal: string;
  /** Chosen by the caller. */
  readonly key: string;
}

/** What a call was answered, kept for its retries. */
export interface KeptAnswer extends AnswerKey {
  /** Stands for the operation and all of its arguments. */
  readonly fingerprint: string;
  /** JSON: what the call was allowed by. */
  readonly needs: string;
  /** JSON. */
  readonly answer: string;
}

/** Who writes and why: becomes part of every audit event of the write. */
export interface WriteContext {
  readonly actor: Actor;
  readonly transport: AuditEvent['transport'];
  readonly sourceAddress: string | null;
  readonly requestId: string;
  readonly reason: string | null;
  /** Operation name, as in operationId. */
  readonly action: string;
  /** Under which the write keeps its answer; who undoes the write drops that. */
  readonly answerKey?: AnswerKey;
}

export interface ResourceQuery {
  readonly kind: Kind;
  /** Path of the parent; "" for kinds at the root. */
  readonly parent: string;
  /** Names greater than this one. */
  readonly after?: string;
  readonly limit: number;
  /** Keeps only these; `limit` counts what is kept. */
  readonly where?: (resource: StoredResource) => boolean;
}

/** An audit event as text: the JSON that REST shows. What hands many of them on need not read them. */
export interface EventText {
  readonly id: number;
  /** One line: the canonical JSON of everything but the hash, and the hash as its last member. */
  readonly json: string;
}

export interface EventQuery {
  readonly limit: number;
  /** Ids smaller (descending) or greater (ascending) than this one. */
  readonly after?: number;
  /** The last id that is looked at; a query that has it goes through the ids and not to what an index knows. */
  readonly through?: number;
  /** ascending: oldest first. */
  readonly order: 'ascending' | 'descending';
  /** In one of these projects. */
  readonly projects?: readonly string[];
  /** This resource and everything below it. */
  readonly resource?: string;
  readonly principal?: string;
  /** Of one of these kinds. */
  readonly kinds?: readonly AuditEvent['kind'][];
  readonly action?: string;
  readonly requestId?: string;
  readonly transport?: AuditEvent['transport'];
  readonly sourceAddress?: string;
  /** RFC 3339, UTC: at or after. */
  readonly since?: string;
  /** RFC 3339, UTC: before. */
  readonly until?: string;
}

/** What the audit log says of the past of resources. `path`: that resource and everything below it. */
export interface HistoryReader {
  /** Change events, newest first; `before`: only those with a smaller id. */
  changesOf(query: { readonly path: string; readonly before?: number; readonly limit: number }): AuditEvent[];
  /** The first change event after a revision of each resource that has one, ordered by path. */
  firstChangesAfter(path: string, revision: number): AuditEvent[];
  /** The first change event of exactly this resource after a revision. */
  nextChange(resource: string, revision: number): AuditEvent | undefined;
  /** The last revision of the write that took this one: between two of one write the resources have never been seen. */
  endOfWrite(revision: number): number;
  /** The first one. */
  startOfWrite(revision: number): number;
  /** The newest event that is in an archive, and its hash: what the log's chain goes on from. Id 0: none is. */
  archivedThrough(): { readonly id: number; readonly hash: string };
  /** The archive that has the event. */
  archiveOf(id: number): AuditArchive | undefined;
  /** Archives in order, of events after an id. */
  archives(page: { readonly after: number; readonly limit: number }): AuditArchive[];
  /** Of the oldest event in the log at or after a time (RFC 3339, UTC). */
  firstEventSince(time: string): number | undefined;
}

export interface Reader extends HistoryReader {
  /** Id of the newest audit event; 0 in an empty store. */
  revision(): number;
  resource(path: string): StoredResource | undefined;
  /** Whether it has children of this kind. */
  hasChild(parent: string, kind: Kind): boolean;
  /** Children of one kind, ordered by name. */
  resources(query: ResourceQuery): StoredResource[];
  /** Everything below the path, parents before their children, ordered by path. */
  descendants(path: string): StoredResource[];
  /** The resource at the path and everything below it, ordered by path, in pages: those after `after` ("": the first). */
  subtree(page: { readonly path: string; readonly after: string; readonly limit: number }): StoredResource[];
  /** The real servers below a path that have this address (canonical text), ordered by path. */
  realServersAt(path: string, address: string): StoredResource[];
  /** The first virtual service, by path, that has this address (canonical text) and passes the test. */
  virtualServiceAt(address: string, test: (service: StoredResource) => boolean): StoredResource | undefined;
  /** How many resources of these kinds a project has, by its name. Costs the same whatever number there is. */
  usage(project: string): Readonly<Record<DefinitionKind, number>>;
  entry(key: string): OwnedEntry | undefined;
  /** The entries of the resource at this path and of everything below it. */
  entriesOf(path: string): OwnedEntry[];
  /** The entries of a service (by the key of its frontend) and of its destinations. */
  entriesOfFrontend(frontendKey: string): OwnedEntry[];
  /** Whether there is a service entry at this address (canonical text), living or draining. */
  isServed(address: string): boolean;
  /** All entries in pages, ordered by key: those after `after` ("" for the first page). */
  entries(page: { readonly after: string; readonly limit: number }): OwnedEntry[];
  entryCount(): number;
  /** The entries in state draining, ordered by key. */
  drainingEntries(): OwnedEntry[];
  /** The entries in state draining or with a drain deadline, in pages as `entries`. */
  drains(page: { readonly after: string; readonly limit: number }): OwnedEntry[];
  /** The keys that `putOwed` has put, ordered. */
  owed(): string[];
  event(id: number): AuditEvent | undefined;
  events(query: EventQuery): AuditEvent[];
  eventTexts(query: EventQuery): EventText[];
  /** The resource (a token) that the SHA-256 hash of a credential belongs to. */
  credentialOwner(hash: Buffer): StoredResource | undefined;
  /** Undefined also for an answer that was kept before `since` (RFC 3339, UTC). */
  answer(key: AnswerKey, since: string): KeptAnswer | undefined;
}

/** What an audit event says beyond the context of its write. */
export interface EventDraft {
  readonly kind: AuditEvent['kind'];
  readonly resource: string;
  readonly director?: string;
  readonly before?: Record<string, unknown> | null;
  readonly after?: Record<string, unknown> | null;
  readonly operations?: AuditEvent['operations'];
  readonly durationMicros?: number;
  readonly detail?: string;
}

/** Valid only inside the callback of `write`, until the end of its slices: what it throws undoes the write. */
export interface Transaction extends Reader {
  /**
   * Creates or replaces labels and spec, with a `change` event. When both are equal to what is stored, nothing is
   * written, and the stored resource is returned.
   */
  put(resource: Pick<StoredResource, 'kind' | 'path' | 'labels' | 'spec'>): StoredResource;
  /** Removes a resource that is there, with a `change` event. Children are the caller's to remove first. */
  remove(path: string): void;
  putEntry(entry: OwnedEntry): void;
  removeEntry(key: string): void;
  /** How a fresh entry came into the kernel; nothing for others. Not among the changes of the write. */
  settleOrigin(key: string, origin: Exclude<Origin, 'fresh'>): void;
  /** Remembers the key of an entry or a setting whose change the kernel has not been told of. */
  putOwed(key: string): void;
  removeOwed(key: string): void;
  /** Binds the SHA-256 hash of a credential to a token; it goes with the token. */
  putCredential(hash: Buffer, path: string): void;
  /** Keeps an answer in place of the one under its key. Not among the changes of the write. */
  putAnswer(answer: KeptAnswer): void;
  removeAnswer(key: AnswerKey): void;
  /** Drops the oldest of those that were kept before `time`, no more than `limit`. */
  pruneAnswers(time: string, limit: number): void;
  /** The resource as it was before this write. */
  before(path: string): StoredResource | undefined;
  /** What this write has changed so far; as in `Committed`. */
  changes(): readonly ResourceChange[];
  /** Runs once all of the change is made, and undoes the write by what it throws. Of those with one key only the first runs. */
  atEnd(key: string, check: () => void): void;
  /**
   * Records that a file has taken over the oldest events, with a `change` event. They must be the next in the log, to the
   * hash; the file must be durable.
   */
  archive(archive: Omit<AuditArchive, 'time' | 'revision'>): AuditArchive;
  /** Removes up to so many archived events, the oldest first; returns how many there were. */
  removeArchived(limit: number): number;
  /** Appends an event that is not a change of a resource. */
  record(event: EventDraft): void;
}

export interface Committed<T> {
  readonly value: T;
  /** The store's revision after this write. */
  readonly revision: number;
  /** In the order of their first change; a resource that ended as it began is left out. */
  readonly changes: readonly ResourceChange[];
  readonly entryChanges: readonly EntryChange[];
}

export interface WriteOptions {
  /** Runs the callback, reports its changes, and undoes everything. */
  readonly dryRun?: boolean;
}

export interface Store {
  /**
   * Runs `change` in one transaction with others of the same turn of the event loop (group commit), in the order of the
   * calls; each fails or succeeds by itself. One in slices lets the event loop run in between, while others read what was
   * before and later writes wait. Resolves when it is durable. Rejects with what `change` threw, or with DomainError
   * STORE_UNAVAILABLE when the database failed, or SHUTTING_DOWN when it was closed meanwhile.
   */
  write<T>(
    context: WriteContext,
    change: (tx: Transaction) => T | Slices<T>,
    options?: WriteOptions,
  ): Promise<Committed<T>>;

  /** Runs `read` on one consistent state: what is committed or, inside the callback of a write, what that has come to. */
  read<T>(read: (reader: Reader) => T): T;

  /** Calls the listener after every commit that took new revisions, with the newest. Returns how to stop. */
  onCommit(listener: (revision: number) => void): () => void;

  /**
   * Calls the listener after every commit that changed owned entries otherwise than by `settleOrigin`, with their keys,
   * before the writes of that commit resolve.
   */
  onEntryChanges(listener: (keys: readonly string[]) => void): void;

  /** Recomputes the audit chain, in slices that let the event loop run. */
  verify(): Promise<Integrity>;

  /** Undoes a write that is between two of its slices. */
  close(): void;
}
