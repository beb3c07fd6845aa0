/** Plans a pool in the ledger: waiting jobs get spares, new attempts in one stored launch, or a reason to wait. Pure. */

import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { attemptIdOf, launchIdOf } from '../names.ts';
import { planLaunches } from '../plan-launches.ts';
import type { Key } from '../ports.ts';
import { isSpare, liveKey, minuteOf, paceKey, pointsKey, runnerKey, wakeKey } from '../records.ts';
import type { Attempt, Job, Launch, Market, Pool } from '../types.ts';

/** What must follow once the ledger is stored. */
export interface Planned {
  readonly launches: readonly Launch[];
  /** Plan again after this long: some jobs had to wait. */
  readonly wakeMs?: number;
}

/** What the plan of a pool reads beside the records of its jobs and attempts. */
export const poolKeys = (pool: Pool): Key[] => [liveKey(pool.name), wakeKey(pool.name), runnerKey(pool.platform)];
/** The same of the installation that the jobs come through. */
export const pointKeys = (installationId: number, now: number): Key[] => [
  paceKey(installationId),
  pointsKey(installationId, minuteOf(now)),
];

/** All that planning these jobs needs; asked anew when the minute turns. */
export function planKeys(pools: ReadonlyMap<string, Pool>, records: readonly InPool[], now: number): Key[] {
  return records.flatMap((record) => {
    const pool = pools.get(record.pool);
    return pool ? [...poolKeys(pool), ...pointKeys(record.installationId, now)] : [];
  });
}

interface InPool {
  readonly pool: string;
  readonly installationId: number;
}

export function planPool(
  ledger: Ledger,
  pool: Pool,
  waiting: readonly Job[],
  deploymentId: string,
  market: Market = pool.market,
): Planned {
  const isDue = (job: Job) => (job.retryAt ?? 0) <= ledger.now;
  const due = waiting.filter(isDue).slice(0, limits.launchesPerPass);
  const wakes = waiting.filter((job) => !isDue(job)).map((job) => (job.retryAt as number) - ledger.now);
  // As good as always one: capacity is counted by the pool, but GitHub's points by the installation.
  const installations = [...new Set(due.map(({ installationId }) => installationId))];
  const planned = installations.map((id) =>
    planDue(
      ledger,
      pool,
      due.filter((job) => job.installationId === id),
      deploymentId,
      market,
    ),
  );
  if (planned.some(({ isWaiting }) => isWaiting)) wakes.push(limits.wakeMs);
  // A full pass that had all it wanted: there may be more of them.
  else if (due.length === limits.launchesPerPass) wakes.push(limits.nextPassMs);
  return { launches: planned.flatMap(({ launch }) => launch ?? []), wakeMs: soonest(wakes) };
}

function planDue(ledger: Ledger, pool: Pool, due: readonly Job[], deploymentId: string, market: Market) {
  const { installationId } = due[0] as Job;
  const plan = planLaunches(due, {
    spares: ledger.attempts().filter((attempt) => isSpare(attempt) && isIn(attempt, pool, installationId)),
    freeCapacity: ledger.freeCapacity(pool),
    freePoints: ledger.freePoints(installationId),
  });
  for (const { job, attempt } of plan.inherit) inherit(ledger, job, attempt);
  for (const { job, reason } of plan.wait) if (job.reason !== reason) ledger.setJob({ ...job, reason });
  const launch = plan.launch.length > 0 ? storeLaunch(ledger, pool, plan.launch, deploymentId, market) : undefined;
  return { launch, isWaiting: plan.wait.length > 0 };
}

const isIn = (record: InPool, pool: Pool, installationId: number) =>
  record.pool === pool.name && record.installationId === installationId;

/** The shortest of these waits, if there is any. */
export const soonest = (waits: readonly (number | undefined)[]): number | undefined => {
  const known = waits.filter((ms) => ms !== undefined);
  return known.length > 0 ? Math.min(...known) : undefined;
};

function inherit(ledger: Ledger, job: Job, attempt: Attempt): void {
  assign(ledger, job, attempt.id);
  ledger.setAttempt({ ...attempt, jobId: job.id, spareSince: undefined });
}

function assign(ledger: Ledger, job: Job, attemptId: string): void {
  ledger.setJob({
    ...job,
    state: nextJobState(job.state, 'attempt-assigned'),
    attemptId,
    reason: 'boot-pending',
    retryAt: undefined,
  });
}

/** One launch with an attempt for each job; capacity and points are reserved in the same transaction. */
function storeLaunch(ledger: Ledger, pool: Pool, jobs: readonly Job[], deploymentId: string, market: Market): Launch {
  const attemptIds = jobs.map((job) => attemptIdOf(job.id, job.attempts + 1));
  const launch: Launch = {
    id: launchIdOf(deploymentId, attemptIds[0] as string),
    v: 0,
    state: 'STORED',
    pool: pool.name,
    installationId: (jobs[0] as Job).installationId,
    market,
    launchTemplate: pool.launchTemplate,
    fleet: pool.fleet,
    attemptIds,
    storedAt: ledger.now,
  };
  ledger.setLaunch(launch);
  jobs.forEach((job, position) => {
    const id = attemptIds[position] as string;
    assign(ledger, { ...job, attempts: job.attempts + 1 }, id);
    ledger.setAttempt(newAttempt(id, launch.id, job, ledger.now));
    ledger.spend(job.installationId, limits.writePoints);
  });
  ledger.reserve(pool.name, jobs.length);
  return launch;
}

const newAttempt = (id: string, launchId: string, job: Job, now: number): Attempt => ({
  id,
  v: 0,
  state: 'INTENT',
  pool: job.pool,
  launchId,
  installationId: job.installationId,
  jobId: job.id,
  createdAt: now,
});
