/** A project as callers see it. */
import Type, { type Static } from 'typebox';
import { closed } from './common.js';
import { ProjectSpec, ProjectSpecInput } from './project.js';
import { resource, resourceInput } from './resource.js';

/** Violations that one answer shows. */
export const SHOWN_VIOLATIONS = 100;

const Count = Type.Integer({ minimum: 0 });

const Usage = Type.Object(
  {
    clusters: Count,
    virtualServices: Count,
    realServers: Count,
  },
  { ...closed, $id: 'ProjectUsage', description: 'How many resources the project has now.' },
);
export type Usage = Static<typeof Usage>;

const LimitViolation = Type.Object(
  {
    resource: Type.String({ description: 'Path of the resource.' }),
    reason: Type.String({ description: 'Stable code, as a write that wants this is refused with.' }),
    detail: Type.String({ description: 'What is not allowed, and what would be.' }),
  },
  { ...closed, $id: 'LimitViolation', description: 'What was there before a limit forbade it.' },
);
export type LimitViolation = Static<typeof LimitViolation>;

export const Project = resource('Project', 'What a tenant has to itself.', {
  parents: {},
  spec: ProjectSpec,
  status: Type.Object(
    {
      usage: Usage,
      violations: Type.Optional(
        Type.Array(LimitViolation, {
          description: `The first ${SHOWN_VIOLATIONS} parts of definitions that the limits do not allow; they may stay as they are. Not in lists.`,
        }),
      ),
    },
    { ...closed, $id: 'ProjectStatus', description: 'What the project has of what it may have.' },
  ),
});
export type Project = Static<typeof Project>;

export const ProjectInput = resourceInput('ProjectInput', ProjectSpecInput, false);
