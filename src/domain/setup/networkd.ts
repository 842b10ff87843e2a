/**
 * The setup of a host as files of systemd-networkd and sysctl.d. A link has one .network file, so what a real server adds is a
 * drop-in of that file: several share lo and the devices of tunnels.
 */
import { familyOfAddress } from '../keys.js';
import type { SetupFile } from '../schema/real-server-setup.js';
import { type Need, RULE_PRIORITY } from './needs.js';

const DIRECTORY = '/etc/systemd/network';

export interface NetworkdSetup {
  readonly files: readonly SetupFile[];
  readonly commands: readonly string[];
  readonly undoCommands: readonly string[];
  readonly remarks: readonly string[];
}

interface Link {
  readonly name: string;
  /** What makes the device; empty for lo. */
  readonly devices: readonly SetupFile[];
  readonly addresses: readonly (Need & { kind: 'address' })[];
}

export function networkdSetup(user: string, needs: readonly Need[]): NetworkdSetup {
  const links = linksOf(needs);
  const ports = needs.filter((need) => need.kind === 'fou').map(portFile);
  const sysctls = sysctlFile(user, needs);
  const own = [...sysctls, ...links.map((link) => dropIn(user, link)), ...replyFile(user, needs)];
  const shared = links.flatMap((link) => [networkFile(link), ...link.devices]);
  const remarks = needs.flatMap(remarkOf);
  if (own.length === 0) return { files: [], commands: [], undoCommands: [], remarks };
  const apply = sysctls.map(({ path }) => `sysctl -e -p ${path}`);
  const hasDevices = links.some(({ devices }) => devices.length > 0);
  return {
    files: [...shared, ...ports, ...own],
    commands: [
      ...apply,
      ...ports.flatMap(openPort),
      'networkctl reload',
      ...links.map(({ name }) => `networkctl reconfigure ${name}`),
      ...(hasDevices ? apply : []),
    ],
    undoCommands: [
      `rm -f ${own.map(({ path }) => path).join(' ')}`,
      ...links.map(undoLink),
      ...ports.map(undoPort),
      'networkctl reload',
      ...links.flatMap(undoAddresses),
    ],
    remarks,
  };
}

function file(path: string, content: string): SetupFile {
  return { path, mode: '0644', content: `# Made by lvsd.\n${content}` };
}

function sysctlFile(user: string, needs: readonly Need[]): SetupFile[] {
  const lines = needs.flatMap((need) => (need.kind === 'sysctl' ? [`${need.key} = ${need.least}\n`] : []));
  return lines.length === 0 ? [] : [file(`/etc/sysctl.d/60-lvsd-${user}.conf`, lines.join(''))];
}

function linksOf(needs: readonly Need[]): Link[] {
  const addresses = needs.filter((need) => need.kind === 'address');
  return [...new Set(addresses.map(({ device }) => device))].map((name) => ({
    name,
    devices: needs.flatMap((need) =>
      need.kind === 'tunnel' && need.device === name ? [netdevFile(need)] : [],
    ),
    addresses: addresses.filter(({ device }) => device === name),
  }));
}

function networkPath({ name }: Link): string {
  return `${DIRECTORY}/10-lvsd-${name}.network`;
}

function networkFile(link: Link): SetupFile {
  const rest = link.devices.length > 0 ? 'LinkLocalAddressing=no\n' : '';
  return file(
    networkPath(link),
    `[Match]\nName=${link.name}\n\n[Network]\nKeepConfiguration=static\n${rest}`,
  );
}

function dropIn(user: string, link: Link): SetupFile {
  const sections = link.addresses.map((need) =>
    need.family === 'ipv4'
      ? `[Address]\nAddress=${need.address}/32\nScope=host\n`
      : `[Address]\nAddress=${need.address}/128\nPreferredLifetime=0\nDuplicateAddressDetection=none\n`,
  );
  return file(`${networkPath(link)}.d/${user}.conf`, sections.join('\n'));
}

function netdevFile({ device, type, local }: Need & { kind: 'tunnel' }): SetupFile {
  const mode = type === 'ip6tnl' ? 'Mode=any\n' : '';
  return file(
    `${DIRECTORY}/10-lvsd-${device}.netdev`,
    `[NetDev]\nName=${device}\nKind=${type}\n\n[Tunnel]\nIndependent=yes\nLocal=${local}\nRemote=any\n${mode}`,
  );
}

/** systemd-networkd has Kind=fou, but asks for GUE in a way that the kernel refuses (252, ERANGE). */
function portFile({ port, local }: Need & { kind: 'fou' }): SetupFile {
  const receiver = `ip ${familyOfAddress(local) === 'ipv4' ? '-4' : '-6'} fou`;
  return file(
    `/etc/systemd/system/lvsd-gue-${port}.service`,
    `[Unit]
Description=GUE on UDP port ${port} for Linux Virtual Server

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=${receiver} add port ${port} gue
ExecStop=${receiver} del port ${port}

[Install]
WantedBy=multi-user.target
`,
  );
}

function unitOf({ path }: SetupFile): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function openPort(port: SetupFile): string[] {
  return ['systemctl daemon-reload', `systemctl enable --now ${unitOf(port)}`];
}

/** A port goes with the last device that may need it. */
function undoPort(port: SetupFile): string {
  const users = ['ipip', 'sit', 'ip6tnl'].map((type) => `${DIRECTORY}/10-lvsd-${type}-*.network`).join(' ');
  return `[ -n "$(ls ${users} 2>/dev/null)" ] || { systemctl disable --now ${unitOf(port)}; rm -f ${port.path}; }`;
}

/** For the .network file of the interface to the director, whatever that is called. */
function replyFile(user: string, needs: readonly Need[]): SetupFile[] {
  const sections = needs.flatMap((need) => (need.kind === 'reply-route' ? [replySections(need)] : []));
  if (sections.length === 0) return [];
  return [file(`${DIRECTORY}/@NETWORK@.d/lvsd-${user}.conf`, sections.join('\n'))];
}

function replySections({
  address,
  from,
  protocol,
  port,
  gateway,
  table,
}: Need & { kind: 'reply-route' }): string {
  const selector = [
    ...(from === null ? [] : [`From=${from}`]),
    ...(protocol === null ? [] : [`IPProtocol=${protocol}`, `SourcePort=${port}`]),
  ];
  return `[Route]
Gateway=${gateway}
PreferredSource=${address}
Table=${table}

[RoutingPolicyRule]
${selector.join('\n')}
Priority=${RULE_PRIORITY}
Table=${table}
`;
}

/** The files of a link go with its last real server. */
function undoLink(link: Link): string {
  const { devices, name } = link;
  const remove = [
    `rm -f ${[networkPath(link), ...devices.map(({ path }) => path)].join(' ')}`,
    ...devices.map(() => `ip link del dev ${name}`),
  ];
  return `rmdir ${networkPath(link)}.d 2>/dev/null && { ${remove.join('; ')}; } || :`;
}

function undoAddresses({ name, addresses, devices }: Link): string[] {
  if (devices.length > 0) return [];
  return addresses.map(({ address, family }) => {
    const text = `${address}/${family === 'ipv4' ? 32 : 128}`;
    return `grep -qsx Address=${text} ${DIRECTORY}/10-lvsd-${name}.network.d/*.conf || ip address del ${text} dev ${name}`;
  });
}

function remarkOf(need: Need): string[] {
  switch (need.kind) {
    case 'reply-route':
      return [
        'systemd-networkd has one .network file for an interface: put the name of the one that is for the interface to the director ' +
          '(networkctl status INTERFACE) in place of @NETWORK@, and reconfigure that interface.',
        'Where the director is on the segment of the router it tells hosts to go past it: set accept_redirects = 0 in /etc/sysctl.d, for ' +
          'IPv4 in conf.all and for that interface, for IPv6 for that interface.',
      ];
    case 'arrival':
      return [
        `Where reverse path filtering is strict (net.ipv4.conf.*.rp_filter = 1) and this host answers its clients by another ` +
          `interface than that of ${need.address}, set rp_filter = 2 for that one in /etc/sysctl.d.`,
      ];
    case 'tunnel':
      return need.checksum
        ? [
            'systemd-networkd has no setting for GRE checksums, and its device drops packets that have one: use format shell or ' +
              'ansible, or checksum none.',
          ]
        : [];
    default:
      return [];
  }
}
