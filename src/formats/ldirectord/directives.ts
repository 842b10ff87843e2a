/** The lines of ldirectord.cf: directives at the margin, and those of a virtual service indented below it. */
import type { Ledger } from '../ledger.js';
import type { Directive } from '../result.js';

export interface Setting {
  readonly from: Directive;
  readonly name: string;
  /** Trimmed. Null when the line has no `=`. */
  readonly value: string | null;
}

export interface Section {
  readonly head: Setting;
  /** Of a virtual service, where they are the block of the head; empty for a global directive. */
  readonly settings: readonly Setting[];
}

/**
 * Splits the text as read_config of ldirectord 4.12 does: `#` begins a comment inside a virtual service anywhere, at the
 * margin only at the beginning of a line; a line with four blanks (a tab counts four) belongs to the service above; any
 * other line ends the service. Lines that belong to nothing are named.
 */
export function readSections(text: string, file: string, ledger: Ledger): Section[] {
  const sections: Section[] = [];
  let current: { readonly settings: Setting[]; readonly block: Directive[] } | undefined;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replaceAll('\0', ' ').trimEnd();
    if (/^\s*#/.test(line)) continue;
    if (line.trim() === '') {
      current = undefined;
      continue;
    }
    const expanded = line.replaceAll('\t', '    ');
    const isIndented = expanded.startsWith('    ');
    const content = current && isIndented ? expanded.replace(/#.*$/s, '').trim() : expanded.trim();
    if (content === '') continue;
    const block: Directive[] = [];
    const setting = settingOf(content, { file, line: index + 1, block });
    ledger.open(setting.from);
    if (isIndented && current) {
      current.settings.push(setting);
      current.block.push(setting.from);
    } else if (/^\s/.test(expanded)) {
      const detail =
        'An indented line must stand below a virtual service, without an empty line between, by four blanks or a tab.';
      ledger.name(setting.from, 'error', detail);
    } else {
      current = /^virtual6?$/.test(setting.name) ? { settings: [], block } : undefined;
      sections.push({ head: setting, settings: current?.settings ?? [] });
    }
  }
  return sections;
}

function settingOf(content: string, place: Omit<Directive, 'words'>): Setting {
  const match = /^([^\s=]+)\s*=\s*(.*)$/s.exec(content);
  const from = { ...place, words: content.split(/\s+/) };
  const name = match?.[1] ?? content.split(/\s/)[0] ?? '';
  return { from, name, value: match ? (match[2] ?? '') : null };
}
