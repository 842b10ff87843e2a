/** A packet path as text of at most 80 columns. */
import type { Hop, PacketPath, RealServerPath } from '../schema/packet-path.js';

const WIDTH = 80;

export function packetPathText(path: PacketPath): string {
  const { project, cluster, virtualService, key, client, scheduling, paths, remarks } = path;
  const lines = [
    ...wrap(`Packet path of ${project}/${cluster}/${virtualService} (${key})`, ''),
    ...wrap(`for client ${client}`, ''),
    '',
    ...scheduling.flatMap((text) => wrap(text, '')),
    ...paths.flatMap((one) => ['', ...pathLines(one)]),
    ...(remarks.length > 0 ? ['', ...remarks.flatMap((text) => wrap(text, '* ', '  '))] : []),
  ];
  return `${lines.join('\n')}\n`;
}

function pathLines(path: RealServerPath): string[] {
  const { realServer, address, method, weight, request, reply, explanation, conditions, warnings } = path;
  return [
    ...wrap(`${realServer} (${address}), ${method}, weight ${weight}`, '== '),
    ...warnings.flatMap((text) => wrap(text, '   ! ', '     ')),
    '   Request',
    ...request.flatMap((hop, index) => hopLines(hop, index + 1)),
    '   Reply',
    ...reply.flatMap((hop, index) => hopLines(hop, request.length + index + 1)),
    '   Why',
    ...wrap(explanation, '     '),
    '   What must be true',
    ...conditions.flatMap(({ place, topic, detail }) =>
      wrap(`${place}: ${detail} [${topic}]`, '     - ', '       '),
    ),
  ];
}

function hopLines(hop: Hop, number: number): string[] {
  const { from, to, source, destination, outer, sourceMac, destinationMac, rewritten, note } = hop;
  const via = hop.interface === null ? '' : ` (${hop.interface})`;
  return [
    ...wrap(`${number} ${from} -> ${to}${via}`, '     ', '       '),
    ...arrow('IP', source, destination),
    ...(outer ? arrow(outer.encapsulation, outer.source, outer.destination) : []),
    ...arrow('MAC', sourceMac, destinationMac),
    ...(rewritten.length > 0 ? wrap(`changed: ${rewritten.join(', ')}`, INDENT, `${INDENT}  `) : []),
    ...(note === null ? [] : wrap(note, INDENT)),
  ];
}

const INDENT = '       ';

/** On two lines when one is too short. */
function arrow(label: string, from: string, to: string): string[] {
  const head = `${INDENT}${label.padEnd(5)}`;
  const line = `${head}${from} -> ${to}`;
  if (line.length <= WIDTH) return [line];
  return [`${head}${from}`, `${' '.repeat(head.length)}-> ${to}`];
}

/** By words; a word that is longer than the line stands alone. */
function wrap(text: string, first: string, next = first): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
