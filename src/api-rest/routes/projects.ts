import { Project, ProjectInput } from '../../domain/schema/project-resource.js';
import { PROJECT } from '../examples.js';
import { ListQuery, NoPath, NoQuery, ProjectItemPath } from '../parameters.js';
import { resourceRoutes } from './resources.js';

export const projectRoutes = resourceRoutes<Project>({
  operations: {
    list: 'listProjects',
    create: 'createProject',
    get: 'getProject',
    replace: 'replaceProject',
    update: 'updateProject',
    delete: 'deleteProject',
  },
  resources: (control) => control.projects,
  namesOf: ({ name }) => ({ project: name }),
  noun: 'project',
  tag: 'Projects',
  collection: '/v1/projects',
  parameter: 'project',
  parentPath: NoPath,
  path: ProjectItemPath,
  isDefinition: false,
  schema: Project,
  pageId: 'ProjectList',
  input: ProjectInput,
  examples: PROJECT,
  creation:
    'Its `quotas` say how many resources it may have, its `limits` what these may say; every write of definitions is held to both. ' +
    'Only an admin of the whole server can do this.',
  deletion:
    'Deletes an empty project; with `cascade=true` also everything in it, its tokens too, all or nothing. The project `default` ' +
    'cannot be deleted.',
  listQuery: ListQuery,
  getQuery: NoQuery,
  readProblems: [],
  parentProblems: [],
  ownProblem: 'PROJECT_NOT_FOUND',
  ruleProblems: [],
});
