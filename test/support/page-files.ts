import { readFileSync } from 'node:fs';

/** The files that a page of docs shows, by name: each is a block after a comment `<!-- file: NAME -->`. */
export function filesOfPage(page: string): Readonly<Record<string, string>> {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const blocks = text.matchAll(/^<!-- file: (\S+) -->\n```\w+\n(.*?)^```$/gms);
  return Object.fromEntries([...blocks].map(([, name = '', content = '']) => [name, content]));
}
