/** Old audit events in files. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { Control } from '../../control/control.js';
import { AuditArchive, AuditArchiveInput, AuditArchiving } from '../../domain/schema/audit-archive.js';
import { closed } from '../../domain/schema/common.js';
import { ARCHIVE } from '../archive-examples.js';
import { BODY_PROBLEMS, CALL_PROBLEMS, JSON_TYPE, json, operation } from '../operation.js';
import { CreateHeaders, NoPath, pageParameters, WriteQuery } from '../parameters.js';
import { callOf, writeOptions } from '../request.js';

const url = '/v1/audit-archives';
const common = { tag: 'Audit', params: NoPath };

const listAuditArchives = operation({
  ...common,
  operationId: 'listAuditArchives',
  summary: 'List audit archives',
  description:
    'The files that have taken over the oldest audit events, in order, each with the hashes at which the chain enters and ' +
    'leaves it.',
  query: Type.Object(pageParameters, closed),
  answers: {
    200: {
      description: 'One page.',
      content: json(
        Type.Object(
          {
            items: Type.Array(AuditArchive),
            nextPageToken: Type.String({ description: 'Empty on the last page.' }),
          },
          { ...closed, $id: 'AuditArchiveList', description: 'One page of audit archives.' },
        ),
        { items: [ARCHIVE.archive], nextPageToken: '' },
      ),
    },
  },
  problems: [...CALL_PROBLEMS, 'PAGE_TOKEN_INVALID'],
});

const createAuditArchive = operation({
  ...common,
  operationId: 'createAuditArchive',
  summary: 'Archive old audit events',
  description:
    'Moves the oldest audit events to a file in the archive directory of the server (`LVSD_AUDIT_ARCHIVE_DIR`): one event a ' +
    'line, canonical JSON. The file is durable and its chain verified before an event leaves the log, and an audit event says ' +
    'that they left. What is as it is now does not depend on them; the past before the archive cannot be read here any more ' +
    '(`REVISION_ARCHIVED`). A call moves at most 100,000 events: `remaining` says whether to call again.',
  query: WriteQuery,
  headers: CreateHeaders,
  body: { types: [JSON_TYPE], schema: AuditArchiveInput, example: ARCHIVE.input },
  answers: {
    200: {
      description: 'With `validateOnly=true`: how many events there are to move.',
      content: json(AuditArchiving, ARCHIVE.preview),
    },
    201: { description: 'What was moved; maybe nothing.', content: json(AuditArchiving, ARCHIVE.archiving) },
  },
  problems: [
    ...CALL_PROBLEMS,
    ...BODY_PROBLEMS,
    'READ_ONLY',
    'FIELD_INVALID',
    'STORE_UNAVAILABLE',
    'ARCHIVE_FAILED',
  ],
});

export const auditArchiveRoutes: FastifyPluginAsyncTypebox<{ control: Control }> = async (
  app,
  { control },
) => {
  const { auditArchives } = control;

  app.get(url, { schema: listAuditArchives }, (request) =>
    auditArchives.list(callOf(request), request.query),
  );
  app.post(url, { schema: createAuditArchive }, async (request, reply) => {
    const options = writeOptions(request);
    const archiving = await auditArchives.create(callOf(request), request.body, options);
    return reply.code(options.validateOnly ? 200 : 201).send(archiving);
  });
};
