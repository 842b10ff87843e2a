/** The order in which ipvsadm 1.31 prints services and real servers. */
import { addressBytes } from './address.js';
import type { TableDestination, TableService } from './schema/director.js';

const PROTOCOL_NUMBERS: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

/** What decides on an element's place, the first difference counting: numbers, words of the address, port. */
interface Place {
  readonly rank: readonly number[];
  readonly words: readonly number[];
  readonly port: number;
}

/** ipvs_cmp_services of libipvs. */
export function placeOfService({
  fwmark = 0,
  family,
  protocol = '',
  address,
  port = 0,
}: TableService): Place {
  const rank = [fwmark, family === 'ipv4' ? 0 : 1, PROTOCOL_NUMBERS[protocol] ?? 0];
  return { rank, words: address === undefined ? [] : addressWords(address), port };
}

/** ipvs_cmp_dests of libipvs. */
export function placeOfDestination({ address, port }: TableDestination): Place {
  return { rank: [], words: addressWords(address), port };
}

function addressWords(address: string): number[] {
  const view = new DataView(Uint8Array.from(addressBytes(address)).buffer);
  return Array.from({ length: view.byteLength / 4 }, (_, index) => view.getUint32(index * 4));
}

/**
 * As libipvs compares: by differences of C ints, so that far-apart values wrap round, and by as many words as the first
 * address has, whatever the second is.
 */
function compare(a: Place, b: Place): number {
  return firstDifference(a.rank, b.rank) || firstDifference(a.words, b.words) || a.port - b.port;
}

function firstDifference(left: readonly number[], right: readonly number[]): number {
  for (const [index, number] of left.entries()) {
    const difference = (number - (right[index] ?? 0)) | 0;
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Sorted as ipvsadm prints them. */
export function inOrder<T>(elements: readonly T[], placeOf: (element: T) => Place): T[] {
  const placed = elements.map((element) => ({ element, place: placeOf(element) }));
  return mergeSort(placed).map(({ element }) => element);
}

/**
 * Sorts as qsort of the GNU C library does (a top-down merge sort, halves of n / 2 and the rest). The comparison is no
 * order, because it wraps round: what comes out depends on the algorithm.
 */
function mergeSort<T extends { readonly place: Place }>(elements: readonly T[]): readonly T[] {
  if (elements.length < 2) return elements;
  const middle = Math.floor(elements.length / 2);
  const left = mergeSort(elements.slice(0, middle));
  const right = mergeSort(elements.slice(middle));
  const merged: T[] = [];
  let [l, r] = [0, 0];
  while (l < left.length && r < right.length) {
    const [first, second] = [left[l] as T, right[r] as T];
    const isLeft = compare(first.place, second.place) <= 0;
    merged.push(isLeft ? first : second);
    if (isLeft) l += 1;
    else r += 1;
  }
  return merged.concat(left.slice(l), right.slice(r));
}
