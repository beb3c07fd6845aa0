/**
 * What stands open of a pool, among the records at hand, and when to look again. Whoever handles an event or a wake
 * picks it up: an earlier run may have died halfway.
 */
import { isClosedLaunch } from '../launch-machine.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { isSpare } from '../records.ts';
import type { Attempt, Launch, Pool } from '../types.ts';
import type { Planned } from './plan-pool.ts';
import { soonest } from './plan-pool.ts';

export interface OpenWork {
  readonly launches: readonly Launch[];
  readonly register: readonly Attempt[];
  /** Spares that idled for long enough. */
  readonly end: readonly Attempt[];
  readonly wakeMs?: number;
}

export function openWork(ledger: Ledger, pool: Pool, planned: Planned): OpenWork {
  const { now } = ledger;
  const ofPool = (record: { readonly pool: string }) => record.pool === pool.name;
  const isPlanned = (launchId: string) => planned.launches.some(({ id }) => id === launchId);
  const launches = ledger.launches().filter((one) => ofPool(one) && !isClosedLaunch(one.state) && !isPlanned(one.id));
  const attempts = ledger.attempts().filter(ofPool);
  const unmailed = attempts.filter((one) => isUnmailed(one) && !isPlanned(one.launchId));
  const spares = attempts.filter((one) => one.state === 'ENDING' || isIdleSpare(one)).filter(isKnownAtGitHub);
  const isIdle = (one: Attempt) => idleLeftMs(one, pool, now) <= 0;
  return {
    launches: [...planned.launches, ...launches.filter((one) => isUnanswered(one, now))],
    register: affordable(
      ledger,
      unmailed.filter((one) => isUnregistered(one, now)),
    ),
    end: spares.filter(isIdle),
    wakeMs: soonest([
      planned.wakeMs,
      // Somebody is at it, or died at it: look again when there was time enough to finish.
      launches.length > 0 || unmailed.length > 0 ? limits.unansweredLaunchMs : undefined,
      ...spares.map((one) => Math.max(limits.wakeMs, idleLeftMs(one, pool, now))),
    ]),
  };
}

const isUnmailed = ({ state }: Attempt) => state === 'INTENT' || state === 'LAUNCHED';

/** One that still boots has its deadline, which the reconciler watches. */
const isIdleSpare = (attempt: Attempt) => isSpare(attempt) && attempt.runnerId !== undefined;

/** One whose runner GitHub does not know is the reconciler's. */
const isKnownAtGitHub = (attempt: Attempt) => attempt.runnerMissingSince === undefined;

/**
 * Sent, or to be sent, by somebody who has had time enough for it. Where EC2 throttles, each time later than before; where
 * the answer is lost, an instance may be waiting for its JIT config.
 */
const isUnanswered = ({ sentAt, storedAt, throttles = 0 }: Launch, now: number) =>
  now - (sentAt ?? storedAt) >=
  Math.min(limits.mostUnansweredMs, limits.unansweredLaunchMs * 2 ** Math.max(0, throttles - 1));

const isUnregistered = (attempt: Attempt, now: number) =>
  attempt.state === 'LAUNCHED' &&
  now - (attempt.launchedAt ?? now) >= limits.wakeMs &&
  backoffLeftMs(attempt, now) <= 0;

/** The first registration was paid for with the launch; each repetition is paid anew. */
function affordable(ledger: Ledger, attempts: readonly Attempt[]): readonly Attempt[] {
  return attempts.filter(({ installationId }) => {
    if (ledger.freePoints(installationId) < limits.writePoints) return false;
    ledger.spend(installationId, limits.writePoints);
    return true;
  });
}

/** What came to nothing is tried again later, each time after twice as long. */
export function backoffLeftMs({ tries = 0, triedAt }: Attempt, now: number): number {
  if (tries === 0 || triedAt === undefined) return 0;
  return triedAt + Math.min(limits.mostBackoffMs, limits.wakeMs * 2 ** (tries - 1)) - now;
}

/** One that is being ended has idled for long enough. */
function idleLeftMs(attempt: Attempt, pool: Pool, now: number): number {
  if (attempt.state === 'ENDING') return backoffLeftMs(attempt, now);
  return (attempt.spareSince ?? attempt.createdAt) + pool.idleTimeoutMs - now;
}
