/** Applies what EC2 says of an instance to its attempt, and to the job that was waiting for it. Pure. */
import { isClosedAttempt, isSupply, nextAttemptState } from '../attempt-machine.ts';
import type { Ledger } from '../ledger.ts';
import { noteFailedBoot } from '../pool-health.ts';
import type { Attempt } from '../types.ts';
import { loseAttempt, takeAttempt } from './waiting-job.ts';

/** Returns the attempt that ended now, if the instance is ours and this is news. */
export function foldInstanceGone(ledger: Ledger, instanceId: string): Attempt | undefined {
  const attempt = ledger.attemptOfInstance(instanceId);
  if (attempt && isClosedAttempt(attempt.state)) return undefined;
  ledger.noteGone(instanceId);
  return attempt && endOf(ledger, attempt);
}

/** The attempt's instance is gone: its room is free, and the job that waits for it is told. */
export function endOf(ledger: Ledger, attempt: Attempt): Attempt {
  const gone: Attempt = { ...attempt, state: nextAttemptState(attempt.state, 'instance-gone') };
  ledger.setAttempt(gone);
  ledger.reserve(attempt.pool, -1);
  if (isFailedBoot(attempt)) noteFailedBoot(ledger, attempt.pool);
  loseAttempt(ledger, attempt, attempt.reason ?? 'instance-lost');
  return gone;
}

/** Its runner was never seen online, and EC2 did not take it back. */
export const isFailedBoot = ({ state, reason, reclaimedAt }: Attempt) =>
  reclaimedAt === undefined &&
  ((isSupply(state) && state !== 'IDLE') || (state === 'ENDING' && reason === 'boot-deadline'));

/**
 * EC2 takes the instance back in two minutes. A runner that is busy is left alone: its job may still end in time. One that
 * is not shall take no job any more, and the job that waits for it gets another at once: it did nothing wrong, so that is
 * no failure of its. Returns the attempt to end, if there is one.
 */
export function foldSpotWarning(ledger: Ledger, instanceId: string): Attempt | undefined {
  const attempt = ledger.attemptOfInstance(instanceId);
  if (!attempt) return undefined;
  // Repeated after a crash: the intent is stored, the end may not have happened.
  if (attempt.state === 'ENDING') return attempt;
  if (attempt.state === 'BUSY') ledger.setAttempt({ ...attempt, reclaimedAt: ledger.now });
  if (!isSupply(attempt.state)) return undefined;
  const ending: Attempt = {
    ...attempt,
    state: nextAttemptState(attempt.state, 'end'),
    jobId: undefined,
    reason: 'spot-reclaimed',
    reclaimedAt: ledger.now,
    // Its end is another matter than its registration.
    tries: undefined,
  };
  ledger.setAttempt(ending);
  takeAttempt(ledger, attempt, 'spot-reclaimed');
  return ending;
}
