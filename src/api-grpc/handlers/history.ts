import type { Control } from '../../control/control.js';
import type { DefinitionKind, Names } from '../../domain/names.js';
import type { HistoryService } from '../gen/lvsd/v1/history_service_pb.js';
import type { Context, Methods } from '../methods.js';
import { type NameFields, pageOptions, parentNames, requireNames } from './answers.js';

interface Named extends NameFields {
  readonly name: string;
}

interface ListRequest extends Named {
  readonly pageSize: number;
  readonly pageToken: string;
}

interface GetRequest extends Named {
  readonly revision: bigint;
}

export function historyMethods({ history }: Control): Methods<typeof HistoryService> {
  function namesOf(request: Named, kind: DefinitionKind): Names {
    requireNames(request, ['project', 'cluster', 'virtualService', 'name']);
    return { ...parentNames(request), [kind]: request.name };
  }

  function list(kind: DefinitionKind) {
    return (request: ListRequest, { call }: Context) =>
      history.list(call, namesOf(request, kind), pageOptions(request));
  }

  function get(kind: DefinitionKind) {
    return async (request: GetRequest, { call }: Context) => ({
      resource: await history.get(call, namesOf(request, kind), Number(request.revision)),
    });
  }

  return {
    listClusterRevisions: list('cluster'),
    getClusterRevision: get('cluster'),
    listVirtualServiceRevisions: list('virtualService'),
    getVirtualServiceRevision: get('virtualService'),
    listRealServerRevisions: list('realServer'),
    getRealServerRevision: get('realServer'),
    async getDefinitionDiff(request, { call }) {
      const { from, to } = request;
      const query = {
        ...(from !== undefined && { from: Number(from) }),
        ...(to !== undefined && { to: Number(to) }),
      };
      return { diff: await history.diff(call, parentNames(request), query) };
    },
  };
}
