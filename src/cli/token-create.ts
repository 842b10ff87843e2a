import { Command, InvalidArgumentError, Option } from 'commander';
import { readDataDir, SETTINGS } from '../config.js';
import { createTokens } from '../control/access/tokens.js';
import { ROLES, type Role } from '../domain/schema/token.js';
import { cliContext, withStore } from './data.js';
import { addSettings, examples } from './settings.js';

interface Options extends Record<string, unknown> {
  readonly role: Role;
  readonly project?: string;
  readonly expires?: string;
  readonly reason?: string;
}

export function tokenCreateCommand(): Command {
  const command = new Command('create')
    .description('Make a token and print its secret, which is shown only here.')
    .argument('<name>', 'what it is called in lists and in the audit log')
    .addOption(new Option('--role <role>', 'what its bearer may do').choices(ROLES).makeOptionMandatory())
    .option('--project <project>', 'the one project it is good for (default: the whole server)')
    .option(
      '--expires <when>',
      'for how long, such as 12h or 90d, or an RFC 3339 time (default: for ever)',
      parseExpiry,
    )
    .option('--reason <text>', 'why, for the audit log')
    .addHelpText(
      'after',
      examples(
        ['lvsd token create ci --role editor --project default --expires 90d', 'for a pipeline'],
        ['TOKEN=$(lvsd token create me --role viewer)', 'only the secret goes to standard output'],
      ),
    );
  return addSettings(command, [SETTINGS.dataDir]).action(async (name: string, options: Options) => {
    const { role, project = null, expires = null, reason } = options;
    const { value: token } = await withStore(readDataDir(options), (store) =>
      createTokens({ store, now: () => new Date() }).create(
        cliContext(project === null ? 'createToken' : 'createProjectToken', reason),
        project,
        { name, spec: { role, expireTime: expires } },
      ),
    );
    const { expireTime } = token.spec;
    const where = project === null ? 'the whole server' : `project ${project}`;
    const until = expireTime === null ? 'does not expire' : `expires at ${expireTime}`;
    console.error(`Token ${name}: ${role} of ${where}; it ${until}. Its secret is not shown again:`);
    console.log(token.secret);
  });
}

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time counts from now; anything else is left to the rule of tokens. */
function parseExpiry(text: string): string {
  const [, count, unit = ''] = /^(\d{1,6})([a-z])$/.exec(text) ?? [];
  if (count === undefined) return text;
  const unitMs = UNITS_MS[unit];
  if (unitMs === undefined)
    throw new InvalidArgumentError('The units are m (minutes), h (hours) and d (days).');
  return new Date(Date.now() + Number(count) * unitMs).toISOString();
}
