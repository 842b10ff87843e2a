/** The setup of a host as a POSIX shell script. */
import { familyOfAddress } from '../keys.js';
import { type Need, PLACEHOLDER } from './needs.js';
import { COMMON, FUNCTIONS, RECORDING, type ShellFunction } from './shell-functions.js';

export interface ShellScript {
  /** Comment lines at its head. */
  readonly about: readonly string[];
  /** Which of the users of what is made on the host this is; a file name. */
  readonly user: string;
  /** RIP: the script runs only where it is. */
  readonly address: string;
  readonly needs: readonly Need[];
  readonly remarks: readonly string[];
  /** What it does without an option. */
  readonly action: '--setup' | '--undo';
  readonly fileName: string;
}

/** What functions call besides those that every script has. */
const CALLS: Partial<Record<ShellFunction, readonly ShellFunction[]>> = {
  at_least: ['write_sysctl'],
  switch_off: ['write_sysctl'],
  loosen: ['at_least', 'write_sysctl'],
  refuse_redirects: ['switch_off', 'write_sysctl'],
};

/** With all that they call, in the order of the table. */
function functionsOf(called: readonly ShellFunction[]): ShellFunction[] {
  const all = new Set(called.flatMap((name) => [name, ...(CALLS[name] ?? [])]));
  return (Object.keys(FUNCTIONS) as ShellFunction[]).filter((name) => all.has(name));
}

/** A call of a function, with arguments that need no quotes. */
type Line = readonly [ShellFunction, ...string[]];

export function shellScript({ about, user, address, needs, remarks, action, fileName }: ShellScript): string {
  const checks = needs.length === 0 ? [] : unique([['require_here', address], ...needs.flatMap(checksOf)]);
  const steps = needs.flatMap(stepsOf);
  const used = functionsOf([...checks, ...steps].map(([name]) => name));
  return `#!/bin/sh
${comment(about)}
#
#   sh ${fileName} --setup   prepares this host; twice is as good as once${action === '--setup' ? ' (default)' : ''}
#   sh ${fileName} --undo    takes away what that made, and nothing else${action === '--undo' ? ' (default)' : ''}
#
# Lasts until the next boot: run it at every boot, before the service starts.
${remarks.length > 0 ? `#\n${comment(remarks.map((text) => `- ${text}`))}\n` : ''}set -eu
umask 077

user=${user}
wanted=

${[COMMON, ...(used.length > 0 ? [RECORDING] : []), ...used.map((name) => FUNCTIONS[name])].join('\n')}
setup() {
${indented([...unknowns(needs), ...checks.map(text), ...steps.map(text), 'drop_rest', done(needs)])}
}

[ "$(id -u)" = 0 ] || fail 'only root can do this'
for tool in ip awk sed grep; do
  command -v "$tool" >/dev/null || fail "$tool is missing: install iproute2, and the POSIX tools"
done
state=/run/lvsd-setup/$(readlink /proc/self/ns/net | tr -dc 0-9)

case \${1:-${action}} in
  --setup) setup ;;
  --undo) drop_rest ;;
  *) fail "usage: sh $0 [--setup | --undo]" ;;
esac
`;
}

function comment(lines: readonly string[]): string {
  return lines
    .flatMap((line) => wrapped(line, 110))
    .map((line) => `# ${line}`.trimEnd())
    .join('\n');
}

function wrapped(line: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(' ')) {
    if (current !== '' && current.length + word.length >= width) {
      lines.push(current);
      current = line.startsWith('- ') ? `  ${word}` : word;
    } else current = current === '' ? word : `${current} ${word}`;
  }
  return [...lines, current];
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}`).join('\n');
}

function text(line: Line): string {
  return line.join(' ');
}

function unique(lines: readonly Line[]): Line[] {
  return [...new Map(lines.map((line) => [text(line), line])).values()];
}

function done(needs: readonly Need[]): string {
  return needs.length === 0 ? "echo 'nothing to do on this host'" : "echo 'this host is ready'";
}

/** A script that still has placeholders refuses to run. */
function unknowns(needs: readonly Need[]): string[] {
  const values = needs.flatMap((need) => Object.values(need));
  const names = [...new Set(values.filter((value) => PLACEHOLDER.test(String(value))))];
  return names.map((name) => `fail 'put the address in place of ${name} first: see the remarks at the head'`);
}

function ipOption(address: string): '-4' | '-6' {
  return familyOfAddress(address) === 'ipv4' ? '-4' : '-6';
}

function checksOf(need: Need): Line[] {
  switch (need.kind) {
    case 'address':
      return [
        ['require_silent', need.address],
        ...(need.family === 'ipv6' ? [['require_ipv6', 'lo'] as const] : []),
      ];
    case 'reply-route':
      return [['require_neighbour', need.gateway]];
    default:
      return [];
  }
}

function stepsOf(need: Need): Line[] {
  switch (need.kind) {
    case 'sysctl':
      return [['at_least', need.key, String(need.least)]];
    case 'arrival':
      return [['loosen', need.address]];
    case 'fou':
      return [['fou', ipOption(need.local), String(need.port)]];
    case 'tunnel':
      return [
        [
          'tunnel',
          ...[need.device, need.type, need.local],
          ...(need.type === 'ip6tnl' ? ['mode', 'any'] : []),
          ...(need.checksum ? ['icsum'] : []),
        ],
      ];
    case 'address':
      return need.family === 'ipv4'
        ? [['address', `${need.address}/32`, need.device, 'scope', 'host']]
        : [['address', `${need.address}/128`, need.device, 'preferred_lft', '0', 'nodad']];
    case 'reply-route':
      return replyLines(need);
  }
}

function replyLines({
  address,
  from,
  protocol,
  port,
  gateway,
  table,
}: Need & { kind: 'reply-route' }): Line[] {
  const family = ipOption(address);
  const selector = [
    ...(from === null ? [] : ['from', from]),
    ...(protocol === null ? [] : ['ipproto', protocol, 'sport', String(port)]),
  ];
  return [
    ['refuse_redirects', family, address],
    ['reply_route', family, address, gateway, String(table)],
    ['reply_rule', family, String(table), ...selector],
  ];
}
