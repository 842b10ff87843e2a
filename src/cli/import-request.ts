/** Has a server say what an import would change and, when told to, do it. */
import type { Import, ImportInput } from '../domain/schema/import.js';
import { type ApiClient, ApiError, NoAnswerError, reasonHeader } from './api-client.js';
import { CommandError } from './command-error.js';

/** Stores nothing. */
export async function planImport(call: ApiClient, request: ImportInput): Promise<Import> {
  const { body } = await call<Import>('POST', '/v1/imports', { body: { ...request, apply: false } });
  return body;
}

export async function applyImport(
  call: ApiClient,
  request: ImportInput,
  reason: string | undefined,
): Promise<Import> {
  const headers = reasonHeader(reason);
  try {
    const { body } = await call<Import>('POST', '/v1/imports', {
      body: { ...request, apply: true },
      headers,
    });
    return body;
  } catch (error) {
    throw error instanceof CommandError ? explained(error, request.cluster ?? '') : error;
  }
}

/** What became of the cluster, as far as it is known. */
function explained(error: CommandError, cluster: string): CommandError {
  const isUncertain =
    (error instanceof NoAnswerError && !error.isRefused) ||
    (error instanceof ApiError && error.status >= 500);
  return new CommandError(
    isUncertain
      ? `It is not known whether cluster ${cluster} was changed: ${error.message} Run the import again: it changes only what is missing.`
      : `Cluster ${cluster} was not changed: ${error.message}`,
  );
}
