import { Command, Option } from 'commander';
import { readClientConfig } from '../config.js';
import { pathOf } from '../domain/names.js';
import type { Definition } from '../domain/schema/definition.js';
import { writeIpvsadmSave } from '../formats/ipvsadm/write.js';
import { writeKeepalived } from '../formats/keepalived/write.js';
import type { Export } from '../formats/result.js';
import { createApiClient } from './api-client.js';
import { EXIT_UNSUPPORTED, omissionLine } from './import-findings.js';
import { type DocumentFormat, documentText, parseName } from './output.js';
import { addClientSettings, examples } from './settings.js';

const WRITERS = {
  json: whole('json'),
  yaml: whole('yaml'),
  ipvsadm: writeIpvsadmSave,
  keepalived: writeKeepalived,
} satisfies Record<string, (definition: Definition) => Export>;

function whole(format: DocumentFormat) {
  return (definition: Definition): Export => ({ text: documentText(definition, format), omissions: [] });
}

interface Options extends Record<string, unknown> {
  readonly project: string;
  readonly format: keyof typeof WRITERS;
}

export function exportCommand(): Command {
  const command = new Command('export')
    .description('Print the definition of a cluster, also as other tools write it.')
    .argument('<cluster>', 'its name', parseName)
    .option('--project <name>', 'its project', parseName, 'default')
    .addOption(
      new Option('--format <format>', 'how to write it').choices(Object.keys(WRITERS)).default('json'),
    );
  return addClientSettings(command)
    .addHelpText(
      'after',
      EXIT_CODES +
        examples(
          ['lvsd export shop --format yaml > shop.yaml', 'for version control'],
          ['lvsd export shop --format ipvsadm | ipvsadm -R', 'into a kernel without lvsd'],
        ),
    )
    .action(async (cluster: string, options: Options) => {
      const call = createApiClient(readClientConfig(options));
      const { body } = await call<Definition>(
        'GET',
        `/v1/${pathOf({ project: options.project, cluster })}/definition`,
      );
      const { text, omissions } = WRITERS[options.format](body);
      process.stdout.write(text);
      for (const omission of omissions) console.error(omissionLine(omission));
      if (omissions.length > 0) process.exitCode = EXIT_UNSUPPORTED;
    });
}

const EXIT_CODES = `
Exit codes:
  0  all of it was written
  1  there is no such cluster, or the server refused
  2  wrong usage
  3  written, but the format has no word for something; it is named on standard error
`;
