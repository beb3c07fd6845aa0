import type { GitHubJobs } from '../../core/ports.ts';
import { describe, failureOf } from './classify.ts';
import type { GitHubReply, GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { repositoryPath } from './runners-path.ts';

/** Never repeated here: if the answer to the first was lost, the second would find the run running and wait for its end. */
export async function rerunJob(
  { call, clock }: GitHubAccess,
  installationId: number,
  repository: string,
  jobId: string,
): ReturnType<GitHubJobs['rerunJob']> {
  const request: GitHubRequest = {
    method: 'POST',
    path: `${repositoryPath(repository)}/actions/jobs/${encodeURIComponent(jobId)}/rerun`,
    repeatable: false,
  };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 201) return { kind: 'ok' };
  if (reply.status === 403 && isRunning(reply)) return { kind: 'not-yet' };
  // The installation was found when its token was made: it is the job that is not there.
  if (reply.status === 404) return { kind: 'refused', detail: describe(request, reply) };
  return failureOf(request, reply, clock());
}

/** "The workflow run containing this job is already running": a missing permission is a 403, too. */
const isRunning = ({ body }: GitHubReply) =>
  /already running|in progress|not (?:yet )?(?:completed|finished)/i.test(
    String((body as { message?: unknown } | undefined)?.message),
  );
