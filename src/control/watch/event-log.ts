/**
 * The newest audit events in memory, shared by everybody who follows them. Events are read from the store, parsed and (by
 * `encodeOnce`) encoded once, however many watchers there are. A watcher is a revision in this log and nothing more: one
 * that resumes, one that lags and one that is up to date do the same, so there is no moment at which a watcher changes from
 * one source to another and could miss an event or get it twice.
 */
import type { AuditEvent } from '../../domain/schema/audit-event.js';
import type { EventText, Store } from '../../store/store.js';
import type { EventItem } from './items.js';
import { resumeTooOld } from './watch.js';

export interface Stretch {
  /** In order. */
  readonly items: readonly EventItem[];
  /** There is no event after the asked revision and up to this one that is not among the items. */
  readonly upTo: number;
}

export interface EventLog {
  /** Of the newest event that was heard of. */
  revision(): number;
  /**
   * The next events after a revision. Its `upTo` is that revision only when there is nothing newer. Throws REVISION_ARCHIVED
   * when some of them have left the log.
   */
  after(revision: number): Stretch;
  /** Calls the listener when there are newer events; returns how to stop. */
  onNewer(listener: () => void): () => void;
}

/** Events of one page have consecutive ids, from a multiple of this on. */
const PAGE = 256;

/** Characters of JSON that are kept, of the pages used last. With what encodings add, some ten times as many bytes. */
const KEPT_CHARACTERS = 4 * 1024 * 1024;

interface Page {
  readonly items: EventItem[];
  /** Up to here it has been read. */
  upTo: number;
  /** Events up to this one had left the log before they were all read. */
  archived: number;
  characters: number;
}

export function createEventLog(store: Pick<Store, 'read' | 'onCommit'>): EventLog {
  /** By number, those used last at the end. */
  const pages = new Map<number, Page>();
  let characters = 0;
  let newest = store.read((reader) => reader.revision());
  store.onCommit((revision) => {
    newest = Math.max(newest, revision);
  });

  function use(number: number): Page {
    const page = pages.get(number) ?? { items: [], upTo: number * PAGE, archived: 0, characters: 0 };
    pages.delete(number);
    pages.set(number, page);
    return page;
  }

  function readOn(page: Page, end: number): void {
    const { texts, revision, archived } = store.read((reader) => ({
      archived: reader.archivedThrough().id,
      texts: reader.eventTexts({ order: 'ascending', after: page.upTo, limit: end - page.upTo }),
      revision: reader.revision(),
    }));
    for (const text of texts.filter(({ id }) => id <= end)) {
      page.items.push(itemOf(text));
      page.characters += text.json.length;
      characters += text.json.length;
    }
    if (archived > page.upTo) page.archived = archived;
    page.upTo = Math.min(end, revision);
  }

  function forgetSome(): void {
    for (const [number, page] of pages) {
      if (characters <= KEPT_CHARACTERS || pages.size === 1) return;
      pages.delete(number);
      characters -= page.characters;
    }
  }

  return {
    revision: () => newest,
    after(revision) {
      const number = Math.floor(revision / PAGE);
      const end = (number + 1) * PAGE;
      const page = use(number);
      if (page.upTo < Math.min(end, newest)) {
        readOn(page, end);
        forgetSome();
      }
      if (revision < page.archived) throw resumeTooOld(revision, page.archived);
      return { items: itemsAfter(page.items, revision), upTo: Math.max(page.upTo, revision) };
    },
    onNewer: (listener) => store.onCommit(listener),
  };
}

function itemOf({ json }: EventText): EventItem {
  return { type: 'event', event: JSON.parse(json) as AuditEvent, json };
}

/** Most watchers want the last few. */
function itemsAfter(items: readonly EventItem[], revision: number): readonly EventItem[] {
  let start = items.length;
  while (start > 0 && (items[start - 1] as EventItem).event.id > revision) start -= 1;
  return start === 0 ? items.slice() : items.slice(start);
}
