/** The setup of one host, in the format that was asked for. */
import type { Route } from '../route.js';
import type { RealServerSetup, SetupFile, SetupFormat } from '../schema/real-server-setup.js';
import { installPlaybook, removePlaybook } from './ansible.js';
import { type Need, needsOf, PLACEHOLDER, type ServiceNeeds } from './needs.js';
import { networkdSetup } from './networkd.js';
import { remarksOf } from './remarks.js';
import { shellScript } from './shell.js';

export interface SetupRequest {
  readonly project: string;
  /** RIP. */
  readonly address: string;
  /** Names the setup on the host, so that what several need goes with the last of them; a file name. */
  readonly user: string;
  /** For people. */
  readonly title: string;
  readonly services: readonly SetupService[];
  readonly format: SetupFormat;
  readonly undo: boolean;
  /** The director's to the real server; null when it is not known. */
  readonly route: Route | null;
}

export interface SetupService extends ServiceNeeds {
  /** Path of the real server. */
  readonly path: string;
  /** Key of the virtual service. */
  readonly frontend: string;
}

interface Rendered {
  readonly files: readonly SetupFile[];
  readonly commands: readonly string[];
  readonly remarks: readonly string[];
}

export function realServerSetup(request: SetupRequest): RealServerSetup {
  const { project, address, services, format, undo, route } = request;
  const isDirector = route?.local ?? false;
  const needs = isDirector ? [] : needsOf(services);
  const common = isDirector
    ? [`${address} is the director itself: it delivers to itself, and needs nothing more.`]
    : [...new Set(services.flatMap((service) => remarksOf(service, route)))];
  const { files, commands, remarks } = render(request, needs, common);
  const placeholders = undo ? [] : needs.flatMap((need) => Object.values(need)).map(String);
  return {
    project,
    address,
    realServers: services.map(({ path }) => path),
    format,
    undo,
    files: [...files],
    commands: [...commands],
    placeholders: [...new Set(placeholders.filter((value) => PLACEHOLDER.test(value)))],
    remarks: [...new Set([...common, ...remarks])],
  };
}

function render(request: SetupRequest, needs: readonly Need[], remarks: readonly string[]): Rendered {
  const { user, undo, format, title, address } = request;
  const name = `lvsd-setup-${user}`;
  if (format === 'networkd') {
    const setup = networkdSetup(user, needs);
    return undo ? { files: [], commands: setup.undoCommands, remarks: undoneByBoot(needs) } : setup;
  }
  const fileName = `${name}.sh`;
  const script = (action: '--setup' | '--undo') =>
    shellScript({ about: about(request), user, address, needs, remarks, action, fileName });
  if (format === 'shell') {
    const content = script(undo ? '--undo' : '--setup');
    return { files: [{ path: fileName, mode: '0755', content }], commands: [`sh ${fileName}`], remarks: [] };
  }
  const playbook = { title, name, script: script('--setup') };
  const path = `${name}.yml`;
  const content = undo ? removePlaybook(playbook) : installPlaybook(playbook);
  const commands = [`ansible-playbook -i '${address},' ${path}`];
  return { files: [{ path, mode: '0644', content }], commands, remarks: [] };
}

function about({ title, services }: SetupRequest): string[] {
  return [
    `Setup of ${title} for Linux Virtual Server, made by lvsd.`,
    '',
    ...services.map(({ path, frontend, forwarding: { method, tunnel } }) => {
      const how = tunnel ? `${method} (${tunnel.type})` : method;
      return `- ${path}: ${how}, behind ${frontend}`;
    }),
  ];
}

function undoneByBoot(needs: readonly Need[]): string[] {
  const keys = needs.flatMap((need) =>
    need.kind === 'sysctl' && need.key.includes('/all/') ? [need.key] : [],
  );
  if (keys.length === 0) return [];
  return [`These sysctls keep their values until the next boot, unless you set them: ${keys.join(', ')}.`];
}

/** For text: the one file, or all files with their paths, and what is to be run as a comment; only commands: a script. */
export function setupText({ format, files, commands, remarks }: RealServerSetup): string {
  if (format !== 'networkd') return files[0]?.content ?? '';
  const notes = remarks.map((remark) => `# - ${remark}\n`).join('');
  if (files.length === 0) return `#!/bin/sh\n${notes}${commands.map((line) => `${line}\n`).join('')}`;
  const listed = files.map(({ path, content }) => `# ${path}\n${content}\n`).join('');
  return `${notes}${listed}# Then run:\n${commands.map((line) => `# ${line}\n`).join('')}`;
}
