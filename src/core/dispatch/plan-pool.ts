/** Plans a pool in the ledger: waiting jobs get spares, new attempts in one stored launch, or a reason to wait. Pure. */

import { availableFleet } from '../capacity-memory.ts';
import { isExpired } from '../job-age.ts';
import { nextJobState } from '../job-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { attemptIdOf, launchIdOf } from '../names.ts';
import { planLaunches } from '../plan-launches.ts';
import { type Hold, holdOf, noteProbe } from '../pool-health.ts';
import type { Key } from '../ports.ts';
import {
  capacityKey,
  healthKey,
  hourOf,
  isSound,
  isSpare,
  launchesKey,
  liveKey,
  minuteOf,
  paceKey,
  pointsKey,
  runnerKey,
  unmatchedKey,
  wakeKey,
} from '../records.ts';
import type { Attempt, FleetShape, Job, Launch, Market, Pool } from '../types.ts';
import { matchOf, noteProbe as noteTrial } from '../unmatched.ts';

/** What must follow once the ledger is stored. */
export interface Planned {
  readonly launches: readonly Launch[];
  /** Plan again after this long: some jobs had to wait. */
  readonly wakeMs?: number;
}

/** What the plan of a pool reads beside the records of its jobs and attempts. */
export const poolKeys = (pool: Pool, now: number): Key[] => [
  liveKey(pool.name),
  wakeKey(pool.name),
  healthKey(pool.name),
  launchesKey(pool.name, hourOf(now)),
  runnerKey(pool.platform),
  ...marketsOf(pool).map(capacityKey),
];

/** Those that the pool may launch in, in the order of its choice. */
export const marketsOf = (pool: Pool): readonly Market[] =>
  pool.market === 'spot' && pool.onDemandFallback ? ['spot', 'on-demand'] : [pool.market];

/** The same of the installation that the jobs come through. */
export const pointKeys = (installationId: number, now: number): Key[] => [
  paceKey(installationId),
  pointsKey(installationId, minuteOf(now)),
];

/** All that planning these jobs needs; asked anew when the minute turns. */
export function planKeys(pools: ReadonlyMap<string, Pool>, records: readonly InPool[], now: number): Key[] {
  return records.flatMap((record) => {
    const pool = pools.get(record.pool);
    return [
      // Also of a pool that was removed: what runs there still ends.
      healthKey(record.pool),
      ...(record.repository === undefined ? [] : [unmatchedKey(record.pool, record.repository)]),
      ...(pool ? [...poolKeys(pool, now), ...pointKeys(record.installationId, now)] : []),
    ];
  });
}

interface InPool {
  readonly pool: string;
  readonly installationId: number;
  /** Of a job: "owner/name". */
  readonly repository?: string;
}

export function planPool(
  ledger: Ledger,
  pool: Pool,
  waiting: readonly Job[],
  deploymentId: string,
  markets = marketsOf(pool),
): Planned {
  const isFree = (job: Job) => job.reason === 'runner-unmatched' && matchOf(ledger, job).kind === 'free';
  const isDue = (job: Job) => ((job.retryAt ?? 0) <= ledger.now || isFree(job)) && !needsCheck(job);
  const alive = waiting.filter((job) => !isExpired(job, ledger.now));
  const due = alive.filter(isDue).slice(0, limits.launchesPerPass);
  const wakes = alive.filter((job) => !isDue(job)).map((job) => dueInMs(job, ledger.now));
  // As good as always one: capacity is counted by the pool, but GitHub's points by the installation.
  const installations = [...new Set(due.map(({ installationId }) => installationId))];
  const planned = installations.map((id) =>
    planDue(
      ledger,
      pool,
      due.filter((job) => job.installationId === id),
      deploymentId,
      markets,
    ),
  );
  const waits = planned.flatMap(({ waitMs }) => waitMs ?? []);
  if (waits.length > 0) wakes.push(...waits);
  // A full pass that had all it wanted: there may be more of them.
  else if (due.length === limits.launchesPerPass) wakes.push(limits.nextPassMs);
  return { launches: planned.flatMap(({ launch }) => launch ?? []), wakeMs: soonest(wakes) };
}

/** It lost an attempt, and GitHub was not asked since whether it still waits: a wake does that. */
export const needsCheck = (job: Job) => job.lostAt !== undefined && (job.checkedAt ?? 0) < job.lostAt;

const dueInMs = (job: Job, now: number) => Math.max(limits.nextPassMs, (job.retryAt ?? now) - now);

function planDue(ledger: Ledger, pool: Pool, due: readonly Job[], deploymentId: string, markets: readonly Market[]) {
  const { installationId } = due[0] as Job;
  const matched = due.filter((job) => mayTry(ledger, job));
  const choice = chooseFleet(ledger, pool, markets);
  const hold = holdFor(ledger, pool, choice);
  const plan = planLaunches(matched, {
    spares: ledger
      .attempts()
      .filter((attempt) => isSpare(attempt) && isSound(attempt) && isIn(attempt, pool, installationId)),
    freeCapacity: Math.min(ledger.freeCapacity(pool), ledger.freeLaunches(pool)),
    freePoints: ledger.freePoints(installationId),
    hold,
  });
  for (const { job, attempt } of plan.inherit) inherit(ledger, job, attempt);
  for (const { job, reason } of plan.wait) if (job.reason !== reason) ledger.setJob({ ...job, reason });
  const isHeld = hold !== undefined && plan.wait.some(({ reason }) => reason === hold.reason);
  const waitMs = plan.wait.length === 0 ? undefined : isHeld ? hold.until - ledger.now : limits.wakeMs;
  if (plan.launch.length === 0 || choice.kind === 'none') return { waitMs };
  if (hold) noteProbe(ledger, pool.name, hold as Hold);
  return { waitMs, launch: storeLaunch(ledger, pool, plan.launch, deploymentId, choice) };
}

/** What keeps the pool from launching, if anything does: instances that could get no runner or no place. */
function holdFor(ledger: Ledger, pool: Pool, choice: Choice): Hold | undefined {
  if (!ledger.runnerPackage(pool.platform))
    return { reason: 'runner-cache-empty', most: 0, until: ledger.now + limits.emptyCacheRetryMs };
  if (choice.kind === 'none') return choice;
  const nextHour = (hourOf(ledger.now) + 1) * 3_600_000;
  return ledger.freeLaunches(pool) > 0
    ? holdOf(ledger, pool.name)
    : { reason: 'pool-runaway', most: 0, until: nextHour };
}

/** Its runner group seems to refuse the repository: it waits, or is the one that tries. */
function mayTry(ledger: Ledger, job: Job): boolean {
  const match = matchOf(ledger, job);
  if (match.kind === 'held') ledger.setJob({ ...job, reason: 'runner-unmatched', retryAt: match.until });
  if (match.kind === 'probe') noteTrial(ledger, job, match.until);
  return match.kind !== 'held';
}

type Choice =
  | { readonly kind: 'ok'; readonly market: Market; readonly fleet: FleetShape }
  | { readonly kind: 'none'; readonly reason: 'no-capacity'; readonly most: 0; readonly until: number };

/** The first market that has anything left. */
function chooseFleet(ledger: Ledger, pool: Pool, markets: readonly Market[]): Choice {
  let until = Number.POSITIVE_INFINITY;
  for (const market of markets) {
    const choice = availableFleet(ledger, market, pool.fleet);
    if (choice.kind === 'ok') return { ...choice, market };
    until = Math.min(until, choice.until);
  }
  return { kind: 'none', reason: 'no-capacity', most: 0, until };
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
function storeLaunch(
  ledger: Ledger,
  pool: Pool,
  jobs: readonly Job[],
  deploymentId: string,
  { market, fleet }: Choice & { kind: 'ok' },
): Launch {
  const attemptIds = jobs.map((job) => attemptIdOf(job.id, job.attempts + 1));
  const launch: Launch = {
    id: launchIdOf(deploymentId, attemptIds[0] as string),
    v: 0,
    state: 'STORED',
    pool: pool.name,
    installationId: (jobs[0] as Job).installationId,
    market,
    launchTemplate: pool.launchTemplate,
    fleet,
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
  ledger.countLaunches(pool.name, jobs.length);
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
