import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { examples } from './settings.js';

export function openapiCommand(): Command {
  return new Command('openapi')
    .description('Print the OpenAPI 3.1 document of the REST API. Needs no server.')
    .option('--output <file>', 'write it to this file instead')
    .addHelpText('after', examples(['lvsd openapi --output openapi.json', 'for a generator of clients']))
    .action(async ({ output }: { output?: string }) => {
      const { buildOpenapiDocument } = await import('../server.js');
      const text = `${JSON.stringify(await buildOpenapiDocument(), null, 2)}\n`;
      if (output === undefined) process.stdout.write(text);
      else writeFileSync(output, text);
    });
}
