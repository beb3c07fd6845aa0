/**
 * One broken pool must slow no other, and not burn money: refused launches and instances that never come up hold the
 * pool back, with a reason, until something works again.
 *
 *   refused launch (misconfigured)      nothing is launched for 5, 10, 15 minutes
 *   10 boots in a row came to nothing   one launch at a time, every 5 minutes, until one of them runs a job
 */
import type { WaitReason } from './codes.ts';
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { healthKey } from './records.ts';

interface Health {
  /** Boots in a row that came to nothing. */
  readonly failures: number;
  /** Launches in a row that EC2 refused. */
  readonly refusals: number;
  /** Nothing is launched before. */
  readonly until: number;
  readonly reason: WaitReason;
}

const GOOD: Health = { failures: 0, refusals: 0, until: 0, reason: 'pool-failing' };

function healthOf(ledger: Ledger, pool: string): Health {
  const note = ledger.note(healthKey(pool));
  if (!note) return GOOD;
  const { failures, refusals, until, reason } = note as unknown as Health;
  return { failures, refusals, until, reason };
}

const change = (ledger: Ledger, pool: string, more: Partial<Health>) =>
  ledger.setNote(healthKey(pool), { ...healthOf(ledger, pool), ...more });

/** An instance came to nothing before its runner was ever online. */
export function noteFailedBoot(ledger: Ledger, pool: string): void {
  change(ledger, pool, { failures: healthOf(ledger, pool).failures + 1 });
}

/** A runner of the pool has a job: it works. */
export function noteWorking(ledger: Ledger, pool: string): void {
  if (healthOf(ledger, pool).failures > 0) change(ledger, pool, { failures: 0, until: 0 });
}

export function noteAnswered(ledger: Ledger, pool: string): void {
  if (healthOf(ledger, pool).refusals > 0) change(ledger, pool, { refusals: 0, until: 0 });
}

/** EC2 refuses what the pool asks for. Returns until when nothing is launched. */
export function noteRefused(ledger: Ledger, pool: string): number {
  const refusals = healthOf(ledger, pool).refusals + 1;
  const until = ledger.now + Math.min(limits.slowRetryMs, limits.refusedRetryMs * 2 ** (refusals - 1));
  change(ledger, pool, { refusals, until, reason: 'ec2-misconfigured' });
  return until;
}

export interface Hold {
  readonly reason: WaitReason;
  /** How many may be launched now all the same. */
  readonly most: number;
  readonly until: number;
}

/** What holds the pool back, if anything does. */
export function holdOf(ledger: Ledger, pool: string): Hold | undefined {
  const { failures, until, reason } = healthOf(ledger, pool);
  if (until > ledger.now) return { reason, most: 0, until };
  if (failures < limits.failedBootsInARow) return undefined;
  return { reason: 'pool-failing', most: 1, until: ledger.now + limits.probeMs };
}

/** A launch goes out although the pool is held back: the next one waits. */
export function noteProbe(ledger: Ledger, pool: string, hold: Hold): void {
  change(ledger, pool, { until: hold.until, reason: hold.reason });
}
