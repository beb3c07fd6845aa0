import type { JitOutcome, JitRequest } from '../../core/ports.ts';
import { describe, failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { runnersPath } from './runners-path.ts';

/**
 * Registers a runner. Never repeated here: a request whose answer was lost may have registered it, and then the name is
 * taken. The caller knows whether that name is its own.
 */
export async function createJitConfig({ call, clock }: GitHubAccess, jit: JitRequest): Promise<JitOutcome> {
  const request: GitHubRequest = {
    method: 'POST',
    path: `${runnersPath(jit.scope)}/generate-jitconfig`,
    body: { name: jit.name, runner_group_id: jit.runnerGroupId, labels: jit.labels, work_folder: '_work' },
    repeatable: false,
  };
  const reply = await call(jit.installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 409) return { kind: 'name-taken' };
  // The installation was found when its token was made: it is the runner group that is not there.
  if (reply.status === 404) return { kind: 'refused', detail: describe(request, reply) };
  if (reply.status !== 201) return failureOf(request, reply, clock());
  const { runner, encoded_jit_config } = (reply.body ?? {}) as JitReply;
  if (typeof runner?.id !== 'number' || typeof encoded_jit_config !== 'string') return unreadable(request, reply);
  return { kind: 'ok', runnerId: runner.id, jitConfig: encoded_jit_config };
}

interface JitReply {
  readonly runner?: { readonly id?: unknown };
  readonly encoded_jit_config?: unknown;
}
