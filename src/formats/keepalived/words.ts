/** Comments and words of one line, as decomment() and alloc_strvec_r() of keepalived's parser.c have them. */

/**
 * Without comment (`#` or `!` outside quotes; `\#` and `\!` stand for themselves) and without blanks around. A backslash
 * at the end, be it of the comment, stays, right behind the text.
 */
export function withoutComment(line: string): string {
  let text = '';
  let isQuoted = false;
  let isComment = false;
  let ending = '';
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    const next = line.charAt(index + 1);
    if (character === '"' && !isComment) isQuoted = !isQuoted;
    if (!isQuoted && (character === '#' || character === '!')) isComment = true;
    if (character !== '\\') {
      if (!isComment) text += character;
    } else if (next === '' || (next === '\r' && index + 2 === line.length)) {
      ending = '\\';
    } else {
      if (!isComment) text += !isQuoted && (next === '#' || next === '!') ? next : character + next;
      index += 1;
    }
  }
  return text.replaceAll('\0', ' ').trim() + ending;
}

/** Splits at blanks and double quotes; what is quoted is one word. Undefined when a quote is not closed. */
export function splitWords(text: string): string[] | undefined {
  const words: string[] = [];
  let index = 0;
  while (index < text.length) {
    const character = text.charAt(index);
    if (/\s/.test(character)) {
      index += 1;
    } else if (character === '"') {
      const end = text.indexOf('"', index + 1);
      if (end === -1) return undefined;
      words.push(text.slice(index + 1, end));
      index = end + 1;
    } else {
      const start = index;
      while (index < text.length && !/[\s"]/.test(text.charAt(index))) index += 1;
      words.push(text.slice(start, index));
    }
  }
  return words;
}

/** Where the first brace outside quotes is, or -1; braces of `${NAME}` that nothing defines count too. */
export function indexOfBrace(text: string): number {
  let isQuoted = false;
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === '{' || character === '}')) return index;
  }
  return -1;
}
