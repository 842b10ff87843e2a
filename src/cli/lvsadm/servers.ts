/** -a, -e and -d. */
import type { Backend } from '../../domain/keys.js';
import { realServerName } from '../../domain/naming.js';
import type { CommandLine } from '../../formats/ipvsadm/line.js';
import { Refusal, WORDS } from './answer.js';
import { type FoundServer, type FoundService, findService } from './find.js';
import { createNamed, frontendOf } from './services.js';
import { foreignHint, ownedPath, type Session } from './session.js';
import { serverPatch, serverSpec } from './specs.js';

export async function addServer(session: Session, line: CommandLine): Promise<void> {
  const { service, destination } = await present(session, line);
  const backend = backendOf(line);
  if (destination) {
    const isForeign = destination.resource === null && service.resource !== null;
    throw new Refusal(WORDS.destinationExists, isForeign ? { hint: foreignHint(destination.key) } : {});
  }
  await createNamed(session, {
    collection: `${ownedPath(service)}/real-servers`,
    name: realServerName(backend),
    spec: serverSpec(line),
  });
}

export async function editServer(session: Session, line: CommandLine): Promise<void> {
  const path = ownedPath(destinationOf(await present(session, line)));
  await session.write('PATCH', path, { spec: serverPatch(line) });
}

export async function deleteServer(session: Session, line: CommandLine): Promise<void> {
  const path = ownedPath(destinationOf(await present(session, line)));
  await session.write('DELETE', `${path}?drain=false`);
}

interface Present {
  readonly service: FoundService;
  readonly destination: FoundServer | undefined;
}

async function present(session: Session, line: CommandLine): Promise<Present> {
  const service = await findService(session, frontendOf(line));
  if (!service) throw new Refusal(WORDS.serviceNotDefined);
  const { address, port } = backendOf(line);
  const destination = service.destinations.find((one) => one.address === address && one.port === port);
  return { service, destination };
}

function destinationOf({ destination }: Present): FoundServer {
  if (destination) return destination;
  throw new Refusal(WORDS.noDestination);
}

function backendOf({ backend }: CommandLine): Backend {
  if (backend) return backend;
  throw new TypeError('a command line without a real server was let through');
}
