/** Launches that nobody answered for so long that sending them again is of no use. */
import { limits } from '../../limits.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

export const findUnansweredLaunches = ({ parts: { launches, now } }: Snapshot): readonly Action[] =>
  launches
    .filter(({ storedAt }) => now - storedAt >= limits.launchGiveUpMs)
    .map((launch) => ({ kind: 'give-up-launch', launch }));
