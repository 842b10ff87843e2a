/** The files that a configuration may include, and finding them by patterns. */
import { posix } from 'node:path';

/** Paths are absolute or relative to one and the same directory, with `/`. */
export interface ConfigFiles {
  /** The text of a file; undefined when there is none that may be read. */
  read(path: string): string | undefined;
  /** The names in a directory, sorted; empty when there is none that may be read. "." is where relative paths begin. */
  list(directory: string): readonly string[];
}

/** Files by path, as an upload or a test has them. */
export function createTextFiles(texts: Readonly<Record<string, string>>): ConfigFiles {
  const files = new Map(Object.entries(texts).map(([path, text]) => [posix.normalize(path), text]));
  return {
    read: (path) => files.get(posix.normalize(path)),
    list(directory) {
      const names = new Set<string>();
      for (const path of files.keys()) {
        const relative = posix.relative(posix.normalize(directory), path);
        const name = relative.split('/')[0];
        if (name !== undefined && name !== '' && name !== '..') names.add(name);
      }
      return [...names].sort();
    },
  };
}

export interface GlobResult {
  /** Files that can be read, alternatives of braces in turn, otherwise sorted. */
  readonly paths: readonly string[];
  readonly isPattern: boolean;
}

const MOST_ALTERNATIVES = 1000;

/** As glob(3) with GLOB_BRACE: `*`, `?`, `[…]` within one path segment, `{a,b}`; a leading dot must be written. */
export function findFiles(pattern: string, directory: string, files: ConfigFiles): GlobResult {
  const alternatives = expandBraces(pattern);
  const paths = alternatives.flatMap((one) => {
    const absolute = one.startsWith('/') ? one : posix.join(directory, one);
    return match(absolute, files).filter((path) => files.read(path) !== undefined);
  });
  return { paths, isPattern: alternatives.length > 1 || /[*?[]/.test(pattern) };
}

function match(pattern: string, files: ConfigFiles): string[] {
  let found = [pattern.startsWith('/') ? '/' : '.'];
  for (const segment of pattern.split('/').filter((one) => one !== '' && one !== '.')) {
    if (/[*?[]/.test(segment)) {
      const expression = segmentExpression(segment);
      found = found.flatMap((directory) =>
        files
          .list(directory)
          .filter((name) => expression.test(name) && (segment.startsWith('.') || !name.startsWith('.')))
          .map((name) => posix.join(directory, name)),
      );
    } else {
      found = found.map((directory) => posix.join(directory, segment));
    }
  }
  return found;
}

/** `*` becomes a lazy, unnested expression, so that matching is bounded by the square of the name's length. */
function segmentExpression(segment: string): RegExp {
  let source = '';
  for (let index = 0; index < segment.length; index++) {
    const character = segment.charAt(index);
    const set = character === '[' ? /^\[([!^]?)(\]?[^\]]*)\]/.exec(segment.slice(index)) : null;
    if (set) {
      source += `[${set[1] ? '^' : ''}${(set[2] ?? '').replace(/[\\\]^[]/g, '\\$&')}]`;
      index += set[0].length - 1;
    } else if (character === '*') {
      if (!source.endsWith('.*?')) source += '.*?';
    } else {
      source += character === '?' ? '.' : character.replace(/[\\^$.|+()[\]{}/]/g, '\\$&');
    }
  }
  try {
    return new RegExp(`^${source}$`, 's');
  } catch {
    return /^(?!)/; // A set such as [z-a] matches nothing.
  }
}

/** `a{b,c{d,e}}` → ab, acd, ace. Stops at a thousand. */
function expandBraces(pattern: string): string[] {
  const pending = [pattern];
  const done: string[] = [];
  for (let one = pending.shift(); one !== undefined; one = pending.shift()) {
    const inner = /\{([^{}]*)\}/.exec(one);
    if (!inner || pending.length + done.length > MOST_ALTERNATIVES) {
      done.push(one);
      continue;
    }
    const [head, tail] = [one.slice(0, inner.index), one.slice(inner.index + inner[0].length)];
    pending.unshift(...(inner[1] ?? '').split(',').map((choice) => `${head}${choice}${tail}`));
  }
  return [...new Set(done)];
}
