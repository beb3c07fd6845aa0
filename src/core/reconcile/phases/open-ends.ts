/** Ends that were begun and broken off, and instances that are still there after their job. */
import { limits } from '../../limits.ts';
import type { Action } from '../actions.ts';
import { isAlive, type Snapshot } from '../snapshot.ts';

export const findOpenEnds = (snapshot: Snapshot): readonly Action[] =>
  snapshot.parts.attempts.flatMap((attempt): Action[] => {
    const { state, finishedAt, runnerMissingSince } = attempt;
    if (runnerMissingSince !== undefined) return [];
    if (state === 'ENDING') return [{ kind: 'end-attempt', attempt, why: 'spare' }];
    if (state !== 'BUSY' || finishedAt === undefined) return [];
    const instance = snapshot.instanceOf(attempt);
    const isLeft = typeof instance === 'object' && isAlive(instance);
    const isLong = snapshot.parts.now - finishedAt >= limits.finishGraceMs;
    return isLeft && isLong ? [{ kind: 'end-attempt', attempt, why: 'finished' }] : [];
  });
