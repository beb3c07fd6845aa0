/**
 * Asks for a pool to be planned anew after a while. Of many that ask, one message is sent. Intent before effect: that it
 * is due is stored with the decision, and an overdue one is noticed by the next event (`Ledger.isWakeOverdue`).
 */
import { change } from '../change.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import { writeMessage } from '../messages.ts';
import { wakeKey } from '../records.ts';
import type { Pool } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';

/** In a decision. Returns the delay of the message to send; none, when there is nothing to wait for or one is due. */
export function claimWake(ledger: Ledger, pool: Pool, afterMs: number | undefined): number | undefined {
  if (afterMs === undefined) return undefined;
  const delayMs = Math.min(afterMs, limits.queueDelayMs);
  return ledger.claimWake(pool.name, ledger.now + delayMs) ? delayMs : undefined;
}

/** After the decision is stored. False: it could not be sent. */
export async function sendWake(deps: DispatchDeps, pool: Pool, delayMs: number): Promise<boolean> {
  const sent = await deps.queue.send(writeMessage({ kind: 'wake', pool: pool.name }), delayMs);
  if (sent === 'ok') return true;
  deps.log({ event: 'wake-not-sent', pool: pool.name, outcome: sent });
  await change(changeDeps(deps), [wakeKey(pool.name)], (ledger) => ledger.missWake(pool.name));
  return false;
}
