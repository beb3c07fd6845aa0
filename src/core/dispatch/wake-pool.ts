/**
 * Plans a pool from what stands open in the table, when something had to wait: jobs without an attempt, launches without
 * an answer, attempts without mail, spares that idle. Bounded per wake; what is left gets the next one.
 */
import { type ChangeOutcome, change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Key } from '../ports.ts';
import { idOfMarker, OPEN, type RecordKind, recordKey, type Shelf, shelfPrefix } from '../records.ts';
import type { Pool } from '../types.ts';
import { askJobs } from './ask-jobs.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import type { FollowUp } from './follow-up.ts';
import { openWork } from './open-work.ts';
import { needsCheck, planKeys, planPool, poolKeys, soonest } from './plan-pool.ts';
import { readJobs, readLaunchingJobs } from './read-jobs.ts';
import { claimWake } from './wake-later.ts';

/** `failed`: the table did not answer; the message is repeated. */
export async function wakePool(deps: DispatchDeps, pool: Pool): Promise<ChangeOutcome<FollowUp>> {
  const before = await readShelves(deps, pool);
  const asked = before === 'unavailable' ? 'failed' : await askBeforeRetry(deps, pool, before.jobs);
  // An answer may have freed an attempt.
  const open = asked === 'asked' ? await readShelves(deps, pool) : before;
  if (open === 'unavailable' || asked === 'failed') return { kind: 'failed', reason: 'table-unavailable' };
  const keys = (ledger: Ledger) => [
    ...open.keys,
    ...poolKeys(pool, ledger.now),
    ...planKeys(deps.pools, [...ledger.jobs(), ...ledger.attempts()], ledger.now),
  ];
  return change(changeDeps(deps), keys, (ledger) => decideWake(ledger, pool, deps.deploymentId, open.hasMore));
}

/**
 * Jobs that lost an attempt get no other before GitHub says that they still wait. Nor before it is known which of the
 * others wait: the attempt may have ended with another's job, whose events are late, and whose own attempt is free then.
 */
async function askBeforeRetry(
  deps: DispatchDeps,
  pool: Pool,
  keys: readonly Key[],
): Promise<'asked' | 'nothing' | 'failed'> {
  const jobs = await readJobs(deps.table, keys);
  if (jobs === 'unavailable') return 'failed';
  const now = deps.clock();
  const doubtful = jobs.filter((job) => job.state === 'WANTED' && needsCheck(job) && (job.retryAt ?? 0) <= now);
  if (doubtful.length === 0) return 'nothing';
  const lostAt = Math.max(...doubtful.map((job) => job.lostAt ?? 0));
  const others = await readLaunchingJobs(deps.table, pool, lostAt);
  if (others === 'unavailable') return 'failed';
  return (await askJobs(deps, [...doubtful, ...others])) ? 'asked' : 'failed';
}

const SHELVES: readonly { readonly shelf: Shelf; readonly kind: RecordKind }[] = [
  { shelf: 'wanted', kind: 'job' },
  { shelf: 'later', kind: 'job' },
  { shelf: 'fresh', kind: 'attempt' },
  { shelf: 'spare', kind: 'attempt' },
  { shelf: 'launch', kind: 'launch' },
];

/** The first of each shelf, which are the oldest; no more than one pass can handle. */
async function readShelves(deps: DispatchDeps, pool: Pool) {
  const pages = await Promise.all(
    SHELVES.map(async ({ shelf, kind }) => {
      const prefix = shelfPrefix(shelf, pool.name);
      const page = await deps.table.query(OPEN, { prefix, limit: limits.launchesPerPass });
      if (page === 'unavailable') return page;
      const keys: Key[] = page.items.map((marker) => recordKey(kind, idOfMarker(marker)));
      return { keys, hasMore: page.next !== undefined && shelf !== 'later' };
    }),
  );
  if (pages.includes('unavailable')) return 'unavailable';
  const known = pages.filter((page) => page !== 'unavailable');
  const keys = known.flatMap((page) => page.keys);
  const jobs = keys.filter(({ pk }) => pk.startsWith(recordKey('job', '').pk));
  return { keys, jobs, hasMore: known.some(({ hasMore }) => hasMore) };
}

function decideWake(ledger: Ledger, pool: Pool, deploymentId: string, hasMore: boolean): FollowUp {
  ledger.clearWake(pool.name);
  const waiting = ledger.jobs().filter((job) => job.pool === pool.name && job.state === 'WANTED');
  const open = openWork(ledger, pool, planPool(ledger, pool, waiting, deploymentId));
  const moreMs = hasMore ? limits.wakeMs : undefined;
  return { pool, ...open, wakeMs: claimWake(ledger, pool, soonest([open.wakeMs, moreMs])) };
}
