/** From lines to the tree of directives and their blocks. */
import type { ConfigFiles } from '../config-files.js';
import type { Ledger } from '../ledger.js';
import type { Directive } from '../result.js';
import { type Line, readLines } from './lines.js';
import { splitWords } from './words.js';

interface OpenDirective extends Directive {
  block: Directive[] | null;
}

export interface BlockOptions {
  readonly files: ConfigFiles;
  readonly ledger: Ledger;
  readonly configId: string | undefined;
  readonly maxLines: number;
}

/** The directives at the top of the file. Unbalanced braces and quotes become findings. */
export function readBlocks(path: string, { files, ledger, configId, maxLines }: BlockOptions): Directive[] {
  const top: Directive[] = [];
  const open: OpenDirective[] = [];
  let last: OpenDirective | undefined;

  function emit(line: Line): void {
    if (line.text === '{') openBlock(line);
    else if (line.text === '}') closeBlock(line);
    else add(line);
  }

  function openBlock(line: Line): void {
    if (last) {
      last.block = [];
      open.push(last);
      last = undefined;
      return;
    }
    // Its own braces still have to match, so it becomes a directive that nobody knows.
    add({ ...line, text: '"{"' });
    openBlock(line);
  }

  function closeBlock(line: Line): void {
    last = undefined;
    if (!open.pop())
      ledger.note(line, '}', 'error', 'This brace closes nothing: there is one too many, or a { is missing.');
  }

  function add(line: Line): void {
    const words = splitWords(line.text);
    if (!words) ledger.note(line, line.text, 'error', 'A quotation mark is missing.');
    // With a quotation mark in it, the whole line is a keyword that nobody knows.
    const directive: OpenDirective = {
      file: line.file,
      line: line.line,
      words: words ?? [line.text],
      block: null,
    };
    ledger.open(directive);
    (open.at(-1)?.block ?? top).push(directive);
    last = directive;
  }

  readLines(path, { files, ledger, configId, maxLines, emit });
  for (const { file, line, words } of open) {
    ledger.note({ file, line }, words.join(' '), 'error', 'The } of this block is missing.');
  }
  return top;
}
