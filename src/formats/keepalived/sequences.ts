/** `~SEQ(…) rest` and `~LST(…) rest`: the rest of the line once for each value (keepalived.conf(5) "Sequence blocks"). */

export interface Repetition {
  /** What to define before each repetition. */
  readonly rounds: readonly (readonly (readonly [name: string, value: string])[])[];
  readonly rest: string;
}

const MOST_ROUNDS = 100_000;
const INTEGER = /^[+-]?(?:0[xX][0-9a-fA-F]+|\d+)$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

export function isRepetition(text: string): boolean {
  return text.startsWith('~SEQ') || text.startsWith('~LST');
}

/** The repetition, or a sentence that says what is wrong. `resolve` replaces definitions inside the brackets of ~SEQ. */
export function parseRepetition(text: string, resolve: (text: string) => string): Repetition | string {
  const match = /^~(SEQx?|LST)[ \t]*\(([^)]*)\)[ \t]*(.*)$/s.exec(text);
  if (!match) return 'Write ~SEQ(NAME, START, STEP, END) or ~LST(NAME, VALUE, …), then what to repeat.';
  const [, kind = '', inside = '', rest = ''] = match;
  const rounds = kind === 'LST' ? listRounds(inside) : sequenceRounds(resolve(inside), kind === 'SEQx');
  return typeof rounds === 'string' ? rounds : { rounds, rest };
}

function sequenceRounds(inside: string, isHex: boolean): Repetition['rounds'] | string {
  const [name = '', ...texts] = inside.split(',').map((part) => part.trim());
  if (!NAME.test(name)) return `"${name}" is not a name.`;
  if (texts.length < 1 || texts.length > 3 || !texts.every((one) => INTEGER.test(one))) {
    return '~SEQ takes a name and one to three whole numbers: start, step, end.';
  }
  const [start, step, end] = range(texts.map(integer));
  if (step === 0 || (start < end && step < 0) || (start > end && step > 0)) {
    return `A step of ${step} does not lead from ${start} to ${end}.`;
  }
  if (isHex && (start < 0 || end < 0)) return '~SEQx takes no negative numbers.';
  if (Math.floor((end - start) / step) + 1 > MOST_ROUNDS) return `More than ${MOST_ROUNDS} repetitions.`;
  const rounds: [string, string][][] = [];
  for (let value = start; step > 0 ? value <= end : value >= end; value += step) {
    rounds.push([[name, isHex ? value.toString(16) : String(value)]]);
  }
  return rounds;
}

function range(numbers: readonly number[]): [start: number, step: number, end: number] {
  const [one = 0, two = 0, three = 0] = numbers;
  if (numbers.length === 1) return [one < 0 ? -1 : 1, one < 1 ? -1 : 1, one];
  if (numbers.length === 2) return [one, one <= two ? 1 : -1, two];
  return [one, two, three];
}

/** strtol(3) with base 0: a leading 0 means octal. */
function integer(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[+-]/, '');
  if (/^0[xX]/.test(digits)) return sign * Number.parseInt(digits.slice(2), 16);
  return sign * (/^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.parseInt(digits, 10));
}

function listRounds(inside: string): Repetition['rounds'] | string {
  const [first, ...sets] = groups(inside);
  if (!first || sets.length === 0) return '~LST takes a name and at least one value.';
  const wrong = first.find((name) => !NAME.test(name));
  if (wrong !== undefined) return `"${wrong}" is not a name.`;
  if (sets.some((values) => values.length > first.length)) return '~LST has more values than names.';
  return sets.map((values) => first.map((name, index) => [name, values[index] ?? ''] as const));
}

/** `{a, b}, c` → [[a, b], [c]]. */
function groups(text: string): string[][] {
  return [...text.matchAll(/\{([^}]*)\}|([^,{}]+)/g)]
    .map(([, braced, plain]) => (braced ?? plain ?? '').split(',').map((part) => part.trim()))
    .filter((parts) => parts.length > 1 || parts[0] !== '');
}
