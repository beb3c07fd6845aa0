/**
 * Finds jobs that no webhook told of: in repositories that had jobs lately, runs that are queued or in progress. What is
 * found goes into the launch queue, as if its webhook had come. Bounded: a few repositories a run, in turn.
 */

import { readJobs } from '../dispatch/read-jobs.ts';
import { limits } from '../limits.ts';
import { type JobMessage, writeMessage } from '../messages.ts';
import type { GitHubJob, Table } from '../ports.ts';
import { jobKey, recentKey } from '../records.ts';
import { routeJob } from '../route-job.ts';
import type { Job } from '../types.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Recent } from './read-open.ts';
import type { RepositoryWatch, Watch } from './watch.ts';

const KEYS_PER_READ = 100;

export interface Sweep {
  readonly repository: string;
  readonly runs: 'queued' | 'in_progress';
}

/** The searches that are due, the longest ago first. */
export function dueSweeps({ repositories }: Watch, now: number): readonly Sweep[] {
  const all = repositories.flatMap(({ name, queuedAt, inProgressAt }) => [
    { repository: name, runs: 'queued' as const, at: queuedAt },
    { repository: name, runs: 'in_progress' as const, at: inProgressAt },
  ]);
  return all
    .filter(({ at }) => now - at >= limits.sweepMs)
    .sort((a, b) => a.at - b.at)
    .map(({ repository, runs }) => ({ repository, runs }));
}

/** Whether a run searches: where the list of runners is long, only now and then, and then it does not list them. */
export function isSearchTurn(watch: Watch, now: number): boolean {
  const lastAt = Math.max(0, ...watch.repositories.flatMap(({ queuedAt, inProgressAt }) => [queuedAt, inProgressAt]));
  const isLong = watch.runnerPages > limits.shortListPages;
  return dueSweeps(watch, now).length > 0 && (!isLong || now - lastAt >= limits.longListSearchMs);
}

/** The watch with this search done. */
export function noteSweeps(watch: Watch, { repository, runs }: Sweep, now: number): Watch {
  const done = runs === 'queued' ? { queuedAt: now } : { inProgressAt: now };
  const repositories = watch.repositories.map((one) => (one.name === repository ? { ...one, ...done } : one));
  return { ...watch, repositories };
}

/** The watch with the repositories that had jobs lately, the latest first. */
export function noteRepositories(watch: Watch, recent: readonly Recent[], now: number): Watch {
  const known = new Map(watch.repositories.map((one) => [one.name, one]));
  const repositories = recent
    .filter((one) => !isOld(one, now))
    .sort((a, b) => b.at - a.at)
    .slice(0, limits.recentRepositories)
    .map(({ name }) => known.get(name) ?? newOf(name));
  return { ...watch, repositories };
}

/** Drops the notes of those that had none for long. */
export async function forgetRepositories(table: Table, recent: readonly Recent[], now: number): Promise<void> {
  for (const { name, v } of recent.filter((one) => isOld(one, now)).slice(0, limits.recentRepositories))
    await table.write([{ kind: 'delete', key: recentKey(name), ifVersion: v }]);
}

const isOld = ({ at }: Recent, now: number) => now - at > limits.recentRepositoryMs;

const newOf = (name: string): RepositoryWatch => ({ name, queuedAt: 0, inProgressAt: 0 });

/** Returns the GitHub points that it took. */
export async function sweep(deps: ReconcileDeps, { repository, runs }: Sweep): Promise<number> {
  const found = await deps.jobs.unfinishedJobs(deps.installationId, repository, runs);
  if (found.kind !== 'ok') return limits.readPoints;
  const open = found.jobs.filter(({ status }) => status === 'queued' || status === 'in_progress');
  const known = await readKnown(deps, open);
  if (known === 'unavailable') return found.calls;
  const messages = open.flatMap((job) => toMessage(deps, repository, found.private, job, known.get(job.id)) ?? []);
  for (const message of messages) {
    const sent = await deps.queue.send(writeMessage(message));
    deps.log({ event: 'found', job: message.jobId, repository, action: message.action, sent });
  }
  return found.calls;
}

async function readKnown(deps: ReconcileDeps, found: readonly GitHubJob[]) {
  const known = new Map<string, Job>();
  for (let at = 0; at < found.length; at += KEYS_PER_READ) {
    const some = found.slice(at, at + KEYS_PER_READ);
    const jobs = await readJobs(
      deps.table,
      some.map(({ id }) => jobKey(id)),
    );
    if (jobs === 'unavailable') return jobs;
    for (const job of jobs) known.set(job.id, job);
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
