/**
 * Plans a pool from what stands open in the table, when something had to wait: jobs without an attempt, launches without
 * an answer, attempts without mail, spares that idle. Bounded per wake; what is left gets the next one.
 */
import { type ChangeOutcome, change } from '../change.ts';
import { nextJobState } from '../job-machine.ts';
import { isClosedLaunch } from '../launch-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Key } from '../ports.ts';
import { isSpare, OPEN, type RecordKind, recordKey, type Shelf, shelfPrefix } from '../records.ts';
import type { Attempt, Job, Launch, Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { canEnd } from './end-attempt.ts';
import type { FollowUp } from './follow-up.ts';
import { planKeys, planPool, soonest } from './plan-pool.ts';
import { claimWake } from './wake-later.ts';

/** `failed`: the table did not answer; the message is repeated. */
export async function wakePool(
  deps: DispatchDeps,
  pool: Pool,
  installationId: number,
): Promise<ChangeOutcome<FollowUp>> {
  const open = await openKeys(deps, pool);
  if (open === 'unavailable') return { kind: 'failed', reason: 'table-unavailable' };
  const keys = [...open, ...planKeys(pool, installationId, deps.clock())];
  return change(changeDeps(deps), keys, (ledger) => decideWake(ledger, pool, installationId, deps.deploymentId));
}

const SHELVES: readonly { readonly shelf: Shelf; readonly kind: RecordKind }[] = [
  { shelf: 'wanted', kind: 'job' },
  { shelf: 'fresh', kind: 'attempt' },
  { shelf: 'spare', kind: 'attempt' },
  { shelf: 'launch', kind: 'launch' },
];

async function openKeys(deps: DispatchDeps, pool: Pool): Promise<Key[] | 'unavailable'> {
  const pages = await Promise.all(
    SHELVES.map(async ({ shelf, kind }) => {
      const prefix = shelfPrefix(shelf, pool.name);
      const page = await deps.table.query(OPEN, { prefix, limit: limits.launchesPerPass });
      return page === 'unavailable'
        ? page
        : page.items.map((marker) => recordKey(kind, marker.sk.slice(prefix.length)));
    }),
  );
  return pages.includes('unavailable') ? 'unavailable' : (pages as Key[][]).flat();
}

function decideWake(ledger: Ledger, pool: Pool, installationId: number, deploymentId: string): FollowUp {
  ledger.clearWake(pool.name);
  const ofPool = (record: { readonly pool: string }) => record.pool === pool.name;
  const waiting = ledger.jobs().filter((job) => ofPool(job) && job.state === 'WANTED');
  const expired = waiting.filter((job) => isExpired(job, ledger.now));
  for (const job of expired) ledger.setJob({ ...job, state: nextJobState(job.state, 'expired'), reason: 'expired' });
  const planned = planPool(
    ledger,
    pool,
    waiting.filter((job) => !isExpired(job, ledger.now)),
    deploymentId,
  );
  const launches = ledger.launches().filter(ofPool);
  const attempts = ledger.attempts().filter(ofPool);
  const unanswered = launches.filter((launch) => isUnanswered(launch, ledger.now));
  const spares = attempts.filter((attempt) => attempt.state === 'ENDING' || isSpare(attempt));
  return {
    pool,
    installationId,
    launches: planned.launch ? [planned.launch, ...unanswered] : unanswered,
    register: attempts.filter((attempt) => isUnregistered(attempt, ledger.now)),
    end: spares.filter((attempt) => canEnd(attempt) && idleLeftMs(attempt, pool, ledger.now) <= 0),
    wakeMs: claimWake(ledger, pool, nextWakeMs(planned.wakeMs, launches, spares, pool, ledger.now)),
  };
}

const isExpired = (job: Job, now: number) => now - job.createdAt > limits.jobAgeMs;

/** Sent, or to be sent, by somebody who has had time enough for it. */
export const isUnanswered = (launch: Launch, now: number) =>
  !isClosedLaunch(launch.state) && now - (launch.sentAt ?? launch.storedAt) >= limits.unansweredLaunchMs;

export const isUnregistered = (attempt: Attempt, now: number) =>
  attempt.state === 'LAUNCHED' && now - (attempt.launchedAt ?? now) >= limits.wakeMs;

function idleLeftMs(attempt: Attempt, pool: Pool, now: number): number {
  return (attempt.spareSince ?? attempt.createdAt) + pool.idleTimeoutMs - now;
}

/** Something is still open: look again. */
function nextWakeMs(
  plannedMs: number | undefined,
  launches: readonly Launch[],
  spares: readonly Attempt[],
  pool: Pool,
  now: number,
): number | undefined {
  // One whose runner GitHub does not know is the reconciler's.
  const known = spares.filter((attempt) => attempt.runnerMissingSince === undefined);
  const idlesMs = known.map((attempt) => Math.max(limits.wakeMs, idleLeftMs(attempt, pool, now)));
  const isOpen = launches.some((launch) => !isClosedLaunch(launch.state));
  return soonest([plannedMs, isOpen ? limits.wakeMs : undefined, ...idlesMs]);
}
