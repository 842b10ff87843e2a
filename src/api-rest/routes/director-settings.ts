/** Timeouts and connection synchronisation of a director. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type TSchema } from 'typebox';
import type { Control, DirectorSettings } from '../../control/control.js';
import { DomainError } from '../../domain/errors.js';
import { ipvsadmDaemons, ipvsadmTimeouts } from '../../domain/ipvsadm-settings.js';
import {
  type KernelSections,
  type Section,
  SyncDaemonSettings,
  SyncDaemonSettingsInput,
  TimeoutSettings,
  TimeoutSettingsInput,
} from '../../domain/schema/director-settings.js';
import { Preview } from '../../domain/schema/preview.js';
import { negotiate } from '../accept.js';
import { SYNC_DAEMONS, TIMEOUTS } from '../examples.js';
import {
  BODY_PROBLEMS,
  CALL_PROBLEMS,
  JSON_TYPE,
  json,
  operation,
  TEXT_TYPE,
  text,
  WRITE_PROBLEMS,
} from '../operation.js';
import { ChangeHeaders, DirectorPath, NoQuery, ReadHeaders, WriteQuery } from '../parameters.js';
import { sendTagged, sendWritten } from '../reply.js';
import { callOf, writeOptions } from '../request.js';
import { ETAG_HEADER, PENDING } from './resource-kind.js';

const tag = 'Directors';

interface Noun {
  /** As operationIds end. */
  readonly name: 'Timeouts' | 'SyncDaemons';
  readonly noun: string;
  readonly about: string;
  readonly schema: TSchema;
  readonly input: TSchema;
  readonly example: { readonly input: object; readonly setting: object; readonly text: string };
  /** The option of ipvsadm whose output text/plain is. */
  readonly option: string;
  readonly problems: Parameters<typeof operation>[0]['problems'];
}

function operations({ name, noun, about, schema, input, example, option, problems }: Noun) {
  const found = json(schema, example.setting);
  const common = { tag, params: DirectorPath };
  return {
    get: operation({
      ...common,
      operationId: `get${name}`,
      summary: `Get the ${noun}`,
      description:
        `What is wanted (\`spec\`) and what the kernel has now (\`status.actual\`). ${about} With \`Accept: text/plain\`: ` +
        `what the kernel has, as \`ipvsadm -L ${option}\` prints it.`,
      query: NoQuery,
      headers: ReadHeaders,
      answers: {
        200: {
          description: `The ${noun}; as text without an entity tag.`,
          headers: ETAG_HEADER,
          content: { ...found, ...text(example.text) },
        },
        304: { description: 'The entity tag in If-None-Match is the current one.' },
      },
      problems: [...CALL_PROBLEMS, 'DIRECTOR_NOT_FOUND', 'KERNEL_UNAVAILABLE', 'NOT_ACCEPTABLE'],
    }),
    replace: operation({
      ...common,
      operationId: `replace${name}`,
      summary: `Set the ${noun}`,
      description:
        `From now on the kernel is kept so, over restarts and against changes by others; \`spec: null\` ends that and ` +
        `leaves the kernel as it is. ${about}`,
      query: WriteQuery,
      headers: ChangeHeaders,
      body: { types: [JSON_TYPE], schema: input, example: example.input },
      answers: {
        200: {
          description: 'In the kernel. With `validateOnly=true`: what would change (Preview).',
          headers: ETAG_HEADER,
          content: json(Type.Union([schema, Preview]), example.setting),
        },
        202: { description: PENDING, headers: ETAG_HEADER, content: found },
      },
      problems: [...WRITE_PROBLEMS, ...BODY_PROBLEMS, 'DIRECTOR_NOT_FOUND', ...problems],
    }),
  };
}

const timeouts = operations({
  name: 'Timeouts',
  noun: 'connection timeouts',
  about: 'As `ipvsadm --set`; connections that are there keep what they have until their next packet.',
  schema: TimeoutSettings,
  input: TimeoutSettingsInput,
  example: TIMEOUTS,
  option: '--timeout',
  problems: [],
});

const syncDaemons = operations({
  name: 'SyncDaemons',
  noun: 'synchronisation daemons',
  about:
    'As `ipvsadm --start-daemon`. A daemon whose attributes change is stopped and started. While one runs, the kernel ' +
    'takes no real server of another address family than its service.',
  schema: SyncDaemonSettings,
  input: SyncDaemonSettingsInput,
  example: SYNC_DAEMONS,
  option: '--daemon',
  problems: ['GROUP_NOT_MULTICAST', 'SYNC_EXCLUDES_MIXED_FAMILIES'],
});

type DirectorRequest = FastifyRequest<{ Params: { director: string } }>;

interface SettingView<S extends Section> {
  readonly settings: DirectorSettings<S>;
  /** As ipvsadm prints what the kernel has. */
  print(actual: NonNullable<KernelSections[S]>): string;
}

async function sendSetting<S extends Section>(
  { settings, print }: SettingView<S>,
  request: DirectorRequest,
  reply: FastifyReply,
) {
  const type = negotiate(request, reply, { [JSON_TYPE]: '', [TEXT_TYPE]: 'as ipvsadm -L' });
  const setting = await settings.get(callOf(request), request.params.director);
  if (type === TEXT_TYPE) {
    const { actual } = setting.status;
    if (actual) return reply.type(`${TEXT_TYPE}; charset=utf-8`).send(print(actual));
    throw new DomainError(
      'KERNEL_UNAVAILABLE',
      'The kernel cannot be read now: what is wanted is in the JSON.',
    );
  }
  // What the kernel has is not in the entity tag: only what is stored is.
  return sendTagged(request, reply, setting.etag, setting);
}

async function replaceSetting<S extends Section>(
  settings: DirectorSettings<S>,
  request: DirectorRequest,
  reply: FastifyReply,
) {
  const { params, body } = request;
  const answer = await settings.replace(callOf(request), params.director, body, writeOptions(request));
  return sendWritten(reply, answer, { location: () => request.url });
}

export const directorSettingRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control },
) => {
  const url = '/v1/directors/:director';
  app.get(`${url}/timeouts`, { schema: timeouts.get }, (request, reply) =>
    sendSetting({ settings: control.timeouts, print: ipvsadmTimeouts }, request, reply),
  );
  app.put(`${url}/timeouts`, { schema: timeouts.replace }, (request, reply) =>
    replaceSetting(control.timeouts, request, reply),
  );
  app.get(`${url}/sync-daemons`, { schema: syncDaemons.get }, (request, reply) =>
    sendSetting({ settings: control.syncDaemons, print: ipvsadmDaemons }, request, reply),
  );
  app.put(`${url}/sync-daemons`, { schema: syncDaemons.replace }, (request, reply) =>
    replaceSetting(control.syncDaemons, request, reply),
  );
};
