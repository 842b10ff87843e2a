import Type, { type Static } from 'typebox';
import { Address, closed, Name } from './common.js';

export const SETUP_FORMATS = ['shell', 'networkd', 'ansible'] as const;
export type SetupFormat = (typeof SETUP_FORMATS)[number];

const SetupFile = Type.Object(
  {
    path: Type.String({ description: 'Absolute where it has its place on the real server; else a name.' }),
    mode: Type.String({ description: 'Permissions, octal.', examples: ['0644'] }),
    content: Type.String(),
  },
  { ...closed, $id: 'SetupFile', description: 'One file of a setup.' },
);
export type SetupFile = Static<typeof SetupFile>;

export const RealServerSetup = Type.Object(
  {
    project: Name,
    address: Address,
    realServers: Type.Array(Type.String(), { description: 'Paths of the real servers that it is for.' }),
    format: Type.Enum(SETUP_FORMATS, {
      type: 'string',
      description: 'shell: a POSIX script. networkd: files of systemd-networkd. ansible: a playbook.',
    }),
    undo: Type.Boolean({ description: 'Whether it takes the setup away.' }),
    files: Type.Array(SetupFile),
    commands: Type.Array(Type.String(), { description: 'What to run, in order, once the files are there.' }),
    placeholders: Type.Array(Type.String(), {
      description: 'What stands in the files for an address that lvsd does not know, such as @DIP@.',
    }),
    remarks: Type.Array(Type.String(), { description: 'What a setup cannot do, or the reader should know.' }),
  },
  {
    ...closed,
    $id: 'RealServerSetup',
    description: 'What makes a host ready to be a real server, outside the director.',
  },
);
export type RealServerSetup = Static<typeof RealServerSetup>;
