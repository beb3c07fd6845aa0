/** How far attempts came: mail taken, runner online, busy, offline. Nothing is written where the table knows it. */
import { isSupply } from '../../attempt-machine.ts';
import { runnerNamesOf } from '../../names.ts';
import type { Attempt } from '../../types.ts';
import type { Action, Sighting } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export function findSightings(snapshot: Snapshot): readonly Action[] {
  return snapshot.parts.attempts.flatMap((attempt) => {
    const seen = look(snapshot, attempt);
    return seen ? [{ kind: 'sighting' as const, attempt, seen }] : [];
  });
}

function look(snapshot: Snapshot, attempt: Attempt): Sighting | undefined {
  if (!isSupply(attempt.state) || attempt.state === 'INTENT') return undefined;
  const { deploymentId, mail } = snapshot.parts;
  const runner = snapshot.runnerOf(attempt, runnerNamesOf(deploymentId, attempt.id));
  if (typeof runner === 'object') {
    if (runner.busy) return { kind: 'busy', runner };
    const isNews = attempt.state !== 'IDLE' || attempt.offlineSince !== undefined;
    if (runner.online) return isNews ? { kind: 'online', runner } : undefined;
    if (attempt.state === 'IDLE') return attempt.offlineSince === undefined ? { kind: 'offline' } : undefined;
  }
  const isTaken = attempt.state === 'REGISTERED' && mail.get(attempt.id)?.taken === true;
  return isTaken ? { kind: 'mail-taken' } : undefined;
}
