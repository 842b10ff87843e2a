/** Worked examples of setups: those of the real server in `examples.ts`, made by the code that makes all others. */
import { SETUP_FORMATS, type SetupFormat } from '../domain/schema/real-server-setup.js';
import { realServerSetup, setupText } from '../domain/setup/setup.js';
import { NAMES } from './examples.js';

function setup(format: SetupFormat) {
  return realServerSetup({
    project: NAMES.project,
    address: NAMES.address,
    user: [NAMES.project, NAMES.cluster, NAMES.virtualService, NAMES.realServer].join('.'),
    title: `real server ${NAMES.realServer} (${NAMES.address})`,
    services: [
      {
        path: `projects/${NAMES.project}/clusters/${NAMES.cluster}/virtual-services/${NAMES.virtualService}/real-servers/${NAMES.realServer}`,
        frontend: 'tcp/192.168.10.88:80',
        forwarding: { method: 'nat' },
        address: NAMES.address,
        port: 8080,
        protocol: 'tcp',
        family: 'ipv4',
        vips: ['192.168.10.88'],
        dip: '192.168.10.1',
      },
    ],
    format,
    undo: false,
    route: null,
  });
}

export const REAL_SERVER_SETUP = setup('networkd');
export const SETUP_TEXTS = Object.fromEntries(
  SETUP_FORMATS.map((format) => [format, setupText(setup(format))]),
) as Readonly<Record<SetupFormat, string>>;
