/** Attributes of entries by the text that they are kept as: of 100,000 entries most have one of a few texts. */
import { freeze } from '../../domain/freeze.js';
import type { OwnedEntry } from '../store.js';

type Config = OwnedEntry['config'];

/** What a text says. Frozen, because it is shared. */
export type EntryConfigs = (text: string) => Config;

/** Some 200 KiB. */
const MAX_TEXTS = 1_000;

export function createEntryConfigs(): EntryConfigs {
  const known = new Map<string, Config>();
  return (text) => {
    const kept = known.get(text);
    if (kept) return kept;
    if (known.size === MAX_TEXTS) known.clear();
    const config = freeze(JSON.parse(text) as Config);
    known.set(text, config);
    return config;
  };
}
