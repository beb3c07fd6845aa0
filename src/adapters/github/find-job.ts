/** One job, by its id. A job may stay queued for ever in a run that never started, so the run of a queued job is asked, too. */
import type { FindJobOutcome, GitHubFailure } from '../../core/ports.ts';
import { failureOf, unreadable } from './classify.ts';
import type { GitHubReply, GitHubRequest } from './client.ts';
import type { GitHubAccess } from './installation-call.ts';
import { isJobBody, jobOf } from './job-of.ts';
import { repositoryPath } from './runners-path.ts';

export async function findJob(
  access: GitHubAccess,
  installationId: number,
  repository: string,
  jobId: string,
): Promise<FindJobOutcome> {
  const actions = `${repositoryPath(repository)}/actions`;
  const found = await get(access, installationId, `${actions}/jobs/${encodeURIComponent(jobId)}`);
  if (found.kind !== 'ok') return found;
  const { body } = found.reply;
  if (!isJobBody(body)) return unreadable(found.request, found.reply);
  const job = jobOf(body);
  if (job.status !== 'queued') return { kind: 'ok', job };

  const run = await get(access, installationId, `${actions}/runs/${body.run_id}`);
  if (run.kind !== 'ok') return run;
  const { status, conclusion } = (run.reply.body ?? {}) as { status?: unknown; conclusion?: unknown };
  if (typeof status !== 'string') return unreadable(run.request, run.reply);
  if (status !== 'completed') return { kind: 'ok', job };
  return { kind: 'ok', job: { ...job, status, ...(typeof conclusion === 'string' ? { conclusion } : {}) } };
}

type Got =
  | { readonly kind: 'ok'; readonly request: GitHubRequest; readonly reply: GitHubReply }
  | { readonly kind: 'gone' }
  | GitHubFailure;

async function get({ call, clock }: GitHubAccess, installationId: number, path: string): Promise<Got> {
  const request: GitHubRequest = { method: 'GET', path, repeatable: true };
  const reply = await call(installationId, request);
  if (reply.kind !== 'reply') return reply;
  if (reply.status === 404) return { kind: 'gone' };
  return reply.status === 200 ? { kind: 'ok', request, reply } : failureOf(request, reply, clock());
}
