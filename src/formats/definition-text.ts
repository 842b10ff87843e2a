/** lvsd's own definition of a cluster, as JSON or YAML, with a place for everything that is wrong with it. */
import { type Document, LineCounter, parseDocument } from 'yaml';
import { DomainError } from '../domain/errors.js';
import { DefinitionInput } from '../domain/schema/definition.js';
import { createValidator } from '../domain/validate.js';
import type { DefinitionDocument } from './definition.js';
import type { Finding, ImportResult } from './result.js';

const validate = createValidator(DefinitionInput);

interface Options {
  /** How findings call the text. */
  readonly file: string;
  readonly cluster: string;
}

/** JSON is YAML too. An alias that stands for more than its share of the document is refused: such texts explode. */
export function readDefinition(text: string, { file, cluster }: Options): ImportResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const complain = (line: number, directive: string, detail: string): Finding => ({
    file,
    line,
    severity: 'error',
    directive: directive.slice(0, 80),
    detail,
  });
  if (document.errors.length > 0) {
    return faulty(
      document.errors.map((error) =>
        complain(lines.linePos(error.pos[0]).line || 1, error.code, firstLine(error.message)),
      ),
    );
  }
  try {
    const whole = withoutGaps(validate(document.toJS({ maxAliasCount: 100 })) as Given);
    const read = 1 + countNodes(whole);
    return {
      clusters: { [cluster]: whole },
      findings: [],
      directives: { read, takenOver: read, named: 0 },
    };
  } catch (error) {
    if (error instanceof ReferenceError) return faulty([complain(1, 'alias', `${error.message}.`)]);
    if (!(error instanceof DomainError)) throw error;
    return faulty(
      error.violations.map(({ pointer, detail }) =>
        complain(lineOf(document, lines, pointer), pointer, detail),
      ),
    );
  }
}

function faulty(findings: readonly Finding[]): ImportResult {
  return {
    clusters: {},
    findings,
    directives: { read: findings.length, takenOver: 0, named: findings.length },
  };
}

/** The parser's message goes on with an excerpt of the text. */
export function firstLine(message: string): string {
  return `${(message.split('\n', 1)[0] ?? '').replace(/ at line \d+, column \d+:?$/, '')}.`;
}

/** Of what the pointer leads to or, where there is nothing, of what should hold it. */
export function lineOf(document: Document, lines: LineCounter, pointer: string): number {
  const path = pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as
      | { range?: [number, number, number] }
      | undefined;
    if (node?.range) return lines.linePos(node.range[0]).line;
  }
  return 1;
}

type Service = DefinitionDocument['virtualServices'][string];

/** What the schema lets be absent. */
interface Given extends Partial<Omit<DefinitionDocument, 'virtualServices'>> {
  readonly virtualServices?: Readonly<Record<string, Omit<Service, 'realServers'> & Partial<Service>>>;
}

function withoutGaps({ spec = {}, virtualServices = {}, ...rest }: Given): DefinitionDocument {
  const services = Object.entries(virtualServices).map(([name, service]) => [
    name,
    { ...service, realServers: service.realServers ?? {} },
  ]);
  return { ...rest, spec, virtualServices: Object.fromEntries(services) };
}

function countNodes({ virtualServices }: DefinitionDocument): number {
  const services = Object.values(virtualServices);
  return services.reduce((sum, { realServers }) => sum + 1 + Object.keys(realServers).length, 0);
}
