import type { DeleteOutcome } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import { failureOf } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { runnersPath } from './runners-path.ts';

/** Ends an idle runner gracefully; GitHub refuses it for one that has a job. */
export async function deleteRunner(
  { call, clock }: GitHubAccess,
  installationId: number,
  scope: Scope,
  runnerId: number,
): Promise<DeleteOutcome> {
  const request: GitHubRequest = { method: 'DELETE', path: `${runnersPath(scope)}/${runnerId}`, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 204) return { kind: 'deleted' };
  if (reply.status === 422) return { kind: 'busy' };
  if (reply.status === 404) return { kind: 'gone' };
  return failureOf(request, reply, clock());
}
