/**
 * What lvsd can do, whoever asks: the REST routes and the gRPC methods decode, call one of these, and encode.
 * Every method authorises the caller first and rejects with `DomainError` for anything a caller can be told.
 * Bodies arrive as they came over the wire (`unknown`): this layer validates them, once, for both doors.
 */
import type { Names, ParentNames } from '../domain/names.js';
import type { Adoption } from '../domain/schema/adoption.js';
import type { AuditArchive, AuditArchiving } from '../domain/schema/audit-archive.js';
import type { AuditEvent, Integrity, Outcome } from '../domain/schema/audit-event.js';
import type { ChangeSet } from '../domain/schema/change-set.js';
import type { Connection, ConnectionFilter } from '../domain/schema/connection.js';
import type { CounterReset } from '../domain/schema/counter-reset.js';
import type { Definition } from '../domain/schema/definition.js';
import type { Director, Drift, KernelTable, Reconciliation } from '../domain/schema/director.js';
import type { Section, Setting } from '../domain/schema/director-settings.js';
import type { Drain } from '../domain/schema/drain.js';
import type { DriftPolicySetting } from '../domain/schema/drift-policy.js';
import type { DefinitionDiff, PastResource, ResourceRevision } from '../domain/schema/history.js';
import type { Import } from '../domain/schema/import.js';
import type { PacketPath } from '../domain/schema/packet-path.js';
import type { Preflight } from '../domain/schema/preflight.js';
import type { Preview } from '../domain/schema/preview.js';
import type { Project } from '../domain/schema/project-resource.js';
import type { RealServerAddress } from '../domain/schema/real-server-address.js';
import type { RealServerSetup, SetupFormat } from '../domain/schema/real-server-setup.js';
import type { Cluster, RealServer, VirtualService } from '../domain/schema/resource.js';
import type { Token } from '../domain/schema/token.js';
import type { EventText } from '../store/store.js';
import type { Grant } from './access/grants.js';
import type { Attempt } from './retries/kept-answers.js';
import type { WatchItem } from './watch/items.js';
import type { WatchableKind } from './watch/selection.js';

export interface Principal {
  readonly name: string;
  /** The token or other credential it proved itself with, never the secret. */
  readonly credentialId: string;
  /** All that it may do; more than one may be about the same project. */
  readonly grants: readonly Grant[];
}

/** Idempotency-Key or the gRPC field `request_id` of a write. */
export interface RetryKey {
  readonly key: string;
  /** Set once the call is answered with what an earlier one with this key was answered. */
  isReplayed: boolean;
}

/** Who calls, from where, and why: what an audit event needs to know about a call. */
export interface Call {
  readonly principal: Principal;
  readonly transport: 'rest' | 'grpc' | 'cli';
  readonly requestId: string;
  readonly sourceAddress: string | null;
  /** X-Audit-Reason or the gRPC field `reason`. */
  readonly reason: string | null;
  /** A write with it is carried out once, however often it is called. */
  readonly retryKey?: RetryKey;
  /** Set in this layer only, while such a call is carried out. */
  readonly attempt?: Attempt;
}

export interface WriteOptions {
  /** Everything but the commit and the kernel; the answer is a preview. */
  readonly validateOnly?: boolean;
  /** If-Match, as sent: "*" or a list of entity tags. The write needs one of them. */
  readonly ifMatch?: string;
  /** If-None-Match: * on PUT: create only. */
  readonly onlyCreate?: boolean;
  /** Whether what leaves the kernel by this write may let its connections end first (default true). */
  readonly drain?: boolean;
}

export interface ReplaceDefinitionOptions extends WriteOptions {
  /** TOO_MANY_DELETIONS when the write would delete more resources than this. */
  readonly maxDeletions?: number;
}

export interface DeleteOptions extends WriteOptions {
  /** What is not there counts as deleted. */
  readonly allowMissing?: boolean;
  /** Delete the children too; without it a resource with children is refused. */
  readonly cascade?: boolean;
}

/** A write that was stored, or the preview of one. */
export type WriteAnswer<R> =
  | {
      readonly resource: R;
      readonly created: boolean;
      /** Not yet in the kernel (202); the resource's status says why. */
      readonly pending: boolean;
    }
  | { readonly preview: Preview };

export type DeleteAnswer = { readonly pending: boolean } | { readonly preview: Preview };

export interface ListQuery {
  /** 1…1000, default 50; larger is capped. */
  readonly pageSize?: number;
  readonly pageToken?: string;
  /** Comma-separated terms, all of which must hold: `labels.team=web,spec.protocol!=udp,name=http`. */
  readonly filter?: string;
}

export interface Page<R> {
  readonly items: readonly R[];
  /** Empty at the end. */
  readonly nextPageToken: string;
}

export interface ReadOptions {
  /** Also ask the kernel for connections, and how far drains have come; KERNEL_UNAVAILABLE when it cannot be reached. */
  readonly connections?: boolean;
}

/** The standard methods of one kind. `names` reach the resource itself; for `list` and `create`, its parent. */
export interface Resources<R> {
  list(call: Call, parent: ParentNames, query: ListQuery & ReadOptions): Promise<Page<R>>;
  get(call: Call, names: Names, options?: ReadOptions): Promise<R>;
  /** `body` is the kind's input schema with `name`. */
  create(call: Call, parent: ParentNames, body: unknown, options: WriteOptions): Promise<WriteAnswer<R>>;
  /** Replaces labels and spec; creates when absent. */
  replace(call: Call, names: Names, body: unknown, options: WriteOptions): Promise<WriteAnswer<R>>;
  /** JSON merge patch (RFC 7396) of labels and spec. */
  update(call: Call, names: Names, patch: unknown, options: WriteOptions): Promise<WriteAnswer<R>>;
  delete(call: Call, names: Names, options: DeleteOptions): Promise<DeleteAnswer>;
}

/** A definition with the entity tag of the whole tree. */
export interface TaggedDefinition {
  readonly definition: Definition;
  readonly etag: string;
}

export interface Definitions {
  /** `revision`: as it was after that one, also when the cluster has been deleted since. */
  get(call: Call, names: Names, options?: { readonly revision?: number }): Promise<TaggedDefinition>;
  /** Declarative: creates, changes and deletes until the cluster is the document. All or nothing. */
  replace(
    call: Call,
    names: Names,
    body: unknown,
    options: ReplaceDefinitionOptions,
  ): Promise<WriteAnswer<TaggedDefinition>>;
}

export type ChangeSetOptions = Pick<WriteOptions, 'validateOnly' | 'drain'>;
export type ChangeSetAnswer = { readonly changeSet: ChangeSet } | { readonly preview: Preview };

/** Changes of many resources at once. */
export interface ChangeSets {
  /** `body` is a ChangeSetInput. All or nothing, in the store and in the kernel. */
  create(call: Call, body: unknown, options: ChangeSetOptions): Promise<ChangeSetAnswer>;
}

export interface DiffQuery {
  /** The older revision; 0: nothing. Default: the one before the last write up to `to`. */
  readonly from?: number;
  /** Default: the newest. */
  readonly to?: number;
}

/**
 * What was, as the audit log has it, also of resources that are gone. Any revision of a write stands for its end: half a
 * write is never shown. Rejects REVISION_NOT_FOUND for a revision that is still to come.
 */
export interface History {
  /** The writes to a resource and to what is below it, newest first. Those that the kernel refused are there, and their undo. */
  list(
    call: Call,
    names: Names,
    query: Pick<ListQuery, 'pageSize' | 'pageToken'>,
  ): Promise<Page<ResourceRevision>>;
  get(call: Call, names: Names, revision: number): Promise<PastResource>;
  diff(call: Call, names: Names, query: DiffQuery): Promise<DefinitionDiff>;
  /** To be read. */
  diffText(call: Call, names: Names, query: DiffQuery): Promise<string>;
}

export interface Imports {
  /**
   * `body` is an ImportInput. Reads a configuration of another tool and, when the body says so, makes the cluster what it
   * says: all or nothing. A configuration with faults is planned as far as it can be read, and never applied.
   */
  create(call: Call, body: unknown, options: Pick<WriteOptions, 'validateOnly' | 'drain'>): Promise<Import>;
}

export interface AddressNames {
  readonly project: string;
  /** Any spelling. */
  readonly address: string;
}

/** An address with the entity tag of all its real servers. */
export interface TaggedAddress {
  readonly realServerAddress: RealServerAddress;
  readonly etag: string;
}

/** The real servers of a project that have one address, in all virtual services. */
export interface RealServerAddresses {
  get(call: Call, names: AddressNames, options?: ReadOptions): Promise<TaggedAddress>;
  /** Sets the admin state of all of them in one write; the answer has those that were changed. */
  update(
    call: Call,
    names: AddressNames,
    patch: unknown,
    options: WriteOptions,
  ): Promise<WriteAnswer<TaggedAddress>>;
}

export interface TableOptions {
  /** With counters and rates. */
  readonly stats?: boolean;
  /** Key of a service: only this one is read, and the table is empty when the kernel does not have it. */
  readonly frontend?: string;
}

export interface SetupOptions {
  /** Default shell. */
  readonly format?: SetupFormat;
  /** What takes the setup away, instead of the setup. */
  readonly undo?: boolean;
  /** What clients connect to, for services that are known by a firewall mark. */
  readonly vip?: readonly string[];
  /** The director's address towards the real server; default: the one that its route says. */
  readonly dip?: string;
}

/** What makes hosts ready to be real servers. */
export interface RealServerSetups {
  get(call: Call, names: Names, options: SetupOptions): Promise<RealServerSetup>;
  /** For all real servers of the project that have the address. */
  getForAddress(call: Call, names: AddressNames, options: SetupOptions): Promise<RealServerSetup>;
}

export interface PacketPathOptions {
  /** CIP; default: one of the documentation's addresses. */
  readonly client?: string;
  /** Default 40000. */
  readonly clientPort?: number;
  /** What the client connects to, where the service is known by a firewall mark. */
  readonly vip?: string;
  /** Name: only the way by this one. */
  readonly realServer?: string;
}

export interface PacketPaths {
  get(call: Call, names: Names, options: PacketPathOptions): Promise<PacketPath>;
}

export interface Directors {
  list(call: Call, query: ListQuery): Promise<Page<Director>>;
  get(call: Call, director: string): Promise<Director>;
  table(call: Call, director: string, options: TableOptions): Promise<KernelTable>;
  drift(call: Call, director: string): Promise<Drift>;
  /** What drains, by key, with its connections now. */
  drains(call: Call, director: string, query: ListQuery): Promise<Page<Drain>>;
  /** Ends a drain at once, of a real server or of a virtual service with all behind it; their connections are cut. */
  cutDrain(
    call: Call,
    director: string,
    key: string,
    options: Pick<DeleteOptions, 'validateOnly' | 'allowMissing'>,
  ): Promise<DeleteAnswer>;
  /** A full pass, now; resolves when it is done. */
  reconcile(call: Call, director: string): Promise<Reconciliation>;
  /**
   * `body` is an AdoptionInput. Rejects KERNEL_TABLE_CHANGED when somebody else changed what was being adopted: nothing was
   * adopted then.
   */
  adopt(call: Call, director: string, body: unknown, options: WriteOptions): Promise<AdoptionAnswer>;
  /** `body` is a CounterResetInput; undefined: all counters. */
  resetCounters(call: Call, director: string, body: unknown): Promise<CounterReset>;
}

/** What was adopted or, with a preview, what would be, with the definition that would be added: null when nothing would. */
export type AdoptionAnswer =
  | { readonly adoption: Adoption }
  | { readonly adoption: Adoption; readonly definition: Definition | null; readonly preview: Preview };

export interface ConnectionQuery extends ConnectionFilter {
  readonly pageSize?: number;
  readonly pageToken?: string;
}

/** What the kernel has in its connection table, in its order. */
export interface Connections {
  /**
   * The next of those that the filter lets through. The work for one page is bounded: it may have few items or none, and
   * is the last one only without `nextPageToken`. A signal that aborts ends it early.
   */
  list(call: Call, director: string, query: ConnectionQuery, signal: AbortSignal): Promise<Page<Connection>>;
  /**
   * Throws at once when the caller may not, or the filter is invalid. All of them, at the pace of the consumer, until
   * `signal` aborts: one array for each piece of the kernel's list, empty when the filter lets nothing of it through.
   */
  stream(
    call: Call,
    director: string,
    filter: ConnectionFilter,
    signal: AbortSignal,
  ): AsyncIterable<readonly Connection[]>;
}

/** One section of a director's settings: timeouts, or synchronisation daemons. */
export interface DirectorSettings<S extends Section> {
  /** What is wanted and, read from the kernel now, what it has. */
  get(call: Call, director: string): Promise<Setting<S>>;
  replace(
    call: Call,
    director: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<WriteAnswer<Setting<S>>>;
}

/** What a director does by itself about drift. */
export interface DriftPolicies {
  get(call: Call, director: string): Promise<DriftPolicySetting>;
  /** A pass under the new policy follows. */
  replace(
    call: Call,
    director: string,
    body: unknown,
    options: WriteOptions,
  ): Promise<WriteAnswer<DriftPolicySetting>>;
}

/** What stands between definitions and their packets. Reads only. */
export interface Preflights {
  /** Of everything that is defined. */
  ofDirector(call: Call, director: string): Promise<Preflight>;
  ofCluster(call: Call, names: Names): Promise<Preflight>;
}

/** API tokens: of one project or, where that is null, of the whole server. */
export interface TokenResources {
  list(call: Call, project: string | null, query: ListQuery): Promise<Page<Token>>;
  get(call: Call, project: string | null, name: string): Promise<Token>;
  /** `body` is a TokenInput. The token in the answer has its secret, which is nowhere else. */
  create(
    call: Call,
    project: string | null,
    body: unknown,
    options: Pick<WriteOptions, 'validateOnly'>,
  ): Promise<WriteAnswer<Token>>;
  /** Revokes: from the next call on nobody can use it. */
  delete(
    call: Call,
    project: string | null,
    name: string,
    options: Pick<DeleteOptions, 'validateOnly' | 'ifMatch' | 'allowMissing'>,
  ): Promise<DeleteAnswer>;
}

export type { EventText };

/** Which audit events: all that are given must hold. */
export interface AuditFilter {
  /** Only what is in this project. */
  readonly project?: string;
  /** Path of a resource: its own events and those of everything below it. */
  readonly resource?: string;
  readonly actor?: string;
  /** Only events of these kinds; absent or empty: of all. */
  readonly kind?: readonly AuditEvent['kind'][];
  /** Only events of the kinds that have this outcome. */
  readonly outcome?: Outcome;
  readonly action?: string;
  readonly requestId?: string;
  readonly transport?: AuditEvent['transport'];
  /** As the events have it. */
  readonly sourceAddress?: string;
  /** RFC 3339; events at or after. */
  readonly since?: string;
  /** RFC 3339; events before. */
  readonly until?: string;
}

export interface AuditQuery extends AuditFilter {
  readonly pageSize?: number;
  readonly pageToken?: string;
}

export interface WatchOptions {
  /** Only what is in this project. */
  readonly project?: string;
  /** Path of a resource: only what is there and below. */
  readonly resource?: string;
  /** Only events of these kinds; absent or empty: of all. */
  readonly kind?: readonly AuditEvent['kind'][];
  /** Only what concerns resources of these kinds; absent or empty: anything. */
  readonly resourceKind?: readonly WatchableKind[];
  /** Only events after this one; 0: all there are. Absent: only those that are still to come. */
  readonly afterRevision?: number;
  /**
   * The chosen resources as they are, then `synced`, then events; not when `afterRevision` can be resumed after. Nothing of
   * it is a resume point before `synced`.
   */
  readonly snapshot?: boolean;
  readonly signal: AbortSignal;
}

export interface AuditEvents {
  /** Newest first. */
  list(call: Call, query: AuditQuery): Promise<Page<AuditEvent>>;
  get(call: Call, id: number): Promise<AuditEvent>;
  integrity(call: Call): Promise<Integrity>;
  /**
   * Throws at once when the caller may not, or the filter is invalid. The events that there are at the call, oldest first, in
   * batches that are taken at the pace of the consumer, until `signal` aborts.
   */
  export(call: Call, filter: AuditFilter, signal: AbortSignal): AsyncIterable<readonly EventText[]>;
  /**
   * Throws at once when the caller may not, or the revision is not one to resume after. A snapshot or a heartbeat with the
   * revision that it starts after, then events in order, then new ones as they are committed, until `signal` aborts; heartbeats
   * while nothing comes. A consumer that does not take what there is holds nothing but its place.
   */
  watch(call: Call, options: WatchOptions): AsyncIterable<readonly WatchItem[]>;
}

/** Old audit events in files of the server. */
export interface AuditArchives {
  /** In order. */
  list(call: Call, query: Pick<ListQuery, 'pageSize' | 'pageToken'>): Promise<Page<AuditArchive>>;
  /** `body` is an AuditArchiveInput. Rejects ARCHIVE_FAILED when the file cannot be written; nothing left the log then. */
  create(call: Call, body: unknown, options: Pick<WriteOptions, 'validateOnly'>): Promise<AuditArchiving>;
}

export interface Authentication {
  /** The principal of a bearer token. Rejects UNAUTHENTICATED (and audits it) when there is none. */
  authenticate(credentials: Credentials): Promise<Principal>;
}

/** Who vouches for tokens that lvsd has not made. */
export interface TokenIssuers {
  /** Rejects CredentialRefused, and ISSUER_UNAVAILABLE when it cannot be told; a principal without grants is proven all the same. */
  verify(token: string): Promise<Principal>;
}

/** What a verified certificate of a client says. */
export interface ClientCertificate {
  /** `CN=ci`, `DNS:ci.example.net`, `URI:spiffe://…`, `email:…`, `IP Address:…`; the common name is the first. */
  readonly names: readonly string[];
  /** SHA-256. */
  readonly fingerprint: string;
  /** RFC 3339, UTC. */
  readonly expireTime: string;
}

/** Who the holders of client certificates are. */
export interface CertificateHolders {
  /** Throws CredentialRefused; a principal without grants is proven all the same. */
  principalOf(certificate: ClientCertificate): Principal;
}

export interface Credentials {
  /** Of the connection; a token goes before it. */
  readonly certificate?: ClientCertificate | undefined;
  /** The bearer token, or undefined when the call carried none. */
  readonly token: string | undefined;
  readonly transport: 'rest' | 'grpc';
  readonly requestId: string;
  readonly sourceAddress: string | null;
  /** The operation it was for, as far as known (operationId or path). */
  readonly action: string;
}

/** What is left to a caller of the calls that it may make. */
export interface Allowance {
  /** Calls that are allowed in one window. */
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Whole seconds until the window is over and the whole quota is there again. */
  readonly resetSeconds: number;
}

export interface Admitted {
  readonly principal: Principal;
  /** Null: calls are not limited. */
  readonly allowance: Allowance | null;
}

/** The way in, for both doors: who calls, and whether too often. */
export interface Admission {
  /**
   * The principal of a call, for which the call is counted. Rejects UNAUTHENTICATED (and audits it), and RATE_LIMITED. A
   * failed authentication counts for the source address, several times over.
   */
  admit(credentials: Credentials): Promise<Admitted>;
  /** Counts a call that needs no credentials for its source address. Rejects RATE_LIMITED. */
  admitAnonymous(sourceAddress: string | null): Promise<Allowance | null>;
  /** Counts a stream for its principal until it is closed. Throws TOO_MANY_STREAMS. */
  openStream(credentials: Credentials, principal: Principal): OpenStream;
}

export interface OpenStream {
  /**
   * Aborts with a DomainError, within seconds, when the credentials no longer prove the same principal with the same
   * rights: they were revoked, have expired, or the principal may do something else now.
   */
  readonly signal: AbortSignal;
  close(): void;
}

export interface Readiness {
  readonly ready: boolean;
  /** One line for each part: "store: ok", "director local: no pass yet". */
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

export interface Control {
  readonly projects: Resources<Project>;
  readonly clusters: Resources<Cluster>;
  readonly virtualServices: Resources<VirtualService>;
  readonly realServers: Resources<RealServer>;
  readonly realServerAddresses: RealServerAddresses;
  readonly realServerSetups: RealServerSetups;
  readonly packetPaths: PacketPaths;
  readonly definitions: Definitions;
  readonly history: History;
  readonly changeSets: ChangeSets;
  readonly imports: Imports;
  readonly directors: Directors;
  readonly connections: Connections;
  readonly timeouts: DirectorSettings<'timeouts'>;
  readonly syncDaemons: DirectorSettings<'syncDaemons'>;
  readonly driftPolicies: DriftPolicies;
  readonly preflights: Preflights;
  readonly tokens: TokenResources;
  readonly auditEvents: AuditEvents;
  readonly auditArchives: AuditArchives;
  readonly admission: Admission;
  readiness(): Promise<Readiness>;
}
