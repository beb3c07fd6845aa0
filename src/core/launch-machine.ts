/**
 * The life of a launch: one fleet request.
 *
 *   STORED -> SENT -> SETTLED | OVER
 *
 *   STORED   written whole; it may be on its way
 *   SENT     sent without a usable answer (lost, throttled): the same request is sent again
 *   SETTLED  answered: instances are bound to attempts
 *   OVER     it gave nothing and is never sent again
 */
import { type TransitionTable, transition } from './transition.ts';

export type LaunchState = 'STORED' | 'SENT' | 'SETTLED' | 'OVER';
export type LaunchEvent = 'unanswered' | 'answered' | 'refused';

export const LAUNCH_TRANSITIONS: TransitionTable<LaunchState, LaunchEvent> = {
  STORED: { unanswered: 'SENT', answered: 'SETTLED', refused: 'OVER' },
  SENT: { unanswered: 'stay', answered: 'SETTLED', refused: 'OVER' },
  // Another dispatcher replayed it and was faster: the first answer counts.
  SETTLED: { unanswered: 'stay', answered: 'stay', refused: 'stay' },
  OVER: { unanswered: 'stay', answered: 'stay', refused: 'stay' },
};

export const nextLaunchState = (state: LaunchState, event: LaunchEvent) => transition(LAUNCH_TRANSITIONS, state, event);

export const isClosedLaunch = (state: LaunchState) => state === 'SETTLED' || state === 'OVER';
