/**
 * Finds jobs that no webhook told of: in repositories that had jobs lately, runs that are queued or in progress. What is
 * found goes into the launch queue, as if its webhook had come. Bounded: a few repositories a run, in turn.
 */
import { limits } from '../limits.ts';
import { type JobMessage, writeMessage } from '../messages.ts';
import type { GitHubJob } from '../ports.ts';
import { fromItem, jobKey } from '../records.ts';
import { routeJob } from '../route-job.ts';
import type { Job } from '../types.ts';
import type { ReconcileDeps } from './deps.ts';
import type { RepositoryWatch, Watch } from './watch.ts';

export interface Sweep {
  readonly repository: string;
  readonly runs: 'queued' | 'in_progress';
}

/** The searches that are due, the longest ago first. */
export function dueSweeps({ repositories }: Watch, now: number, most: number): readonly Sweep[] {
  const all = repositories.flatMap(({ name, queuedAt, inProgressAt }) => [
    { repository: name, runs: 'queued' as const, at: queuedAt },
    { repository: name, runs: 'in_progress' as const, at: inProgressAt },
  ]);
  return all
    .filter(({ at }) => now - at >= limits.sweepMs)
    .sort((a, b) => a.at - b.at)
    .slice(0, most)
    .map(({ repository, runs }) => ({ repository, runs }));
}

/** The watch without what is not recent any more, with what has jobs now, and with these searches done. */
export function noteSweeps(watch: Watch, jobs: readonly Job[], sweeps: readonly Sweep[], now: number): Watch {
  const known = new Map(watch.repositories.map((one) => [one.name, one]));
  for (const { repository } of jobs)
    known.set(repository, { ...(known.get(repository) ?? newOf(repository)), seenAt: now });
  for (const { repository, runs } of sweeps) {
    const one = known.get(repository) ?? newOf(repository);
    known.set(repository, runs === 'queued' ? { ...one, queuedAt: now } : { ...one, inProgressAt: now });
  }
  const recent = [...known.values()].filter(({ seenAt }) => now - seenAt < limits.recentRepositoryMs);
  const repositories = recent.sort((a, b) => b.seenAt - a.seenAt).slice(0, limits.recentRepositories);
  return { ...watch, repositories };
}

const newOf = (name: string): RepositoryWatch => ({ name, seenAt: 0, queuedAt: 0, inProgressAt: 0 });

/** Returns the GitHub points that it took. */
export async function sweep(deps: ReconcileDeps, { repository, runs }: Sweep): Promise<number> {
  const found = await deps.jobs.unfinishedJobs(deps.installationId, repository, runs);
  if (found.kind !== 'ok') return limits.readPoints;
  const known = await readJobs(deps, found.jobs);
  if (known === 'unavailable') return found.calls;
  const messages = found.jobs.flatMap(
    (job) => toMessage(deps, repository, found.private, job, known.get(job.id)) ?? [],
  );
  for (const message of messages) {
    const sent = await deps.queue.send(writeMessage(message));
    deps.log({ event: 'found', job: message.jobId, repository, action: message.action, sent });
  }
  return found.calls;
}

async function readJobs(deps: ReconcileDeps, jobs: readonly GitHubJob[]) {
  const known = new Map<string, Job>();
  for (let at = 0; at < jobs.length; at += 100) {
    const items = await deps.table.read(jobs.slice(at, at + 100).map(({ id }) => jobKey(id)));
    if (items === 'unavailable') return items;
    for (const item of items) if (item) known.set(fromItem<Job>(item).id, fromItem<Job>(item));
  }
  return known;
}

/** `undefined`: nobody's, or known already. */
function toMessage(
  deps: ReconcileDeps,
  repository: string,
  isPrivate: boolean,
  found: GitHubJob,
  known: Job | undefined,
): JobMessage | undefined {
  if (found.status !== 'queued' && found.status !== 'in_progress') return undefined;
  const isNews = known === undefined || known.state === 'HELD' || (found.status === 'in_progress' && isBefore(known));
  if (!isNews) return undefined;
  const [owner = '', name = ''] = repository.split('/');
  const route = routeJob(found.labels, { owner, name, private: isPrivate }, [...deps.pools.values()]);
  if (route.kind === 'none') return undefined;
  return {
    kind: 'job',
    action: found.status,
    pool: route.pool.name,
    jobId: found.id,
    name: found.name,
    repository,
    installationId: deps.installationId,
    createdAt: found.createdAt,
    runnerName: found.runnerName,
    delivery: '',
  };
}

const isBefore = ({ state }: Job) => state === 'WANTED' || state === 'LAUNCHING' || state === 'EXPIRED';
