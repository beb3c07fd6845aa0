import type { FindRunnerOutcome } from '../../core/ports.ts';
import type { Scope } from '../../core/types.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { type RunnerBody, runnerOf } from './runner-of.ts';
import { runnersPath } from './runners-path.ts';

export async function getRunner(
  { call, clock }: GitHubAccess,
  installationId: number,
  scope: Scope,
  runnerId: number,
): Promise<FindRunnerOutcome> {
  const request: GitHubRequest = { method: 'GET', path: `${runnersPath(scope)}/${runnerId}`, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 404) return { kind: 'gone' };
  if (reply.status !== 200) return failureOf(request, reply, clock());
  const body = reply.body as RunnerBody | undefined;
  return body?.id === runnerId ? { kind: 'ok', runner: runnerOf(body) } : unreadable(request, reply);
}
