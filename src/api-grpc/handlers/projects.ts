import type { Control } from '../../control/control.js';
import { type ProjectService, UpdateProjectRequestSchema } from '../gen/lvsd/v1/project_service_pb.js';
import type { Methods } from '../methods.js';
import { resourceMethods } from './resources.js';

export function projectMethods({ projects }: Control): Methods<typeof ProjectService> {
  const methods = resourceMethods('project', projects, UpdateProjectRequestSchema);
  return {
    listProjects: methods.list,
    getProject: methods.get,
    createProject: methods.create,
    replaceProject: methods.replace,
    updateProject: methods.update,
    deleteProject: methods.delete,
  };
}
