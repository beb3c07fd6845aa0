/**
 * The life of an attempt: one instance with one JIT config.
 *
 *   INTENT -> LAUNCHED -> REGISTERED -> TAKEN -> IDLE -> BUSY -> GONE
 *     `-> FAILED   `---------- ENDING <---------'         (any live state: instance gone -> GONE)
 *
 *   INTENT      the launch is stored; it may or may not have been sent
 *   LAUNCHED    the fleet gave an instance
 *   REGISTERED  its JIT config lies in the mailbox
 *   TAKEN       the instance has read it
 *   IDLE        the runner is online and waits
 *   BUSY        it runs a job, or has run one
 *   ENDING      we want it gone: the runner's record is deleted first, then the instance is terminated
 */
import { type TransitionTable, transition } from './transition.ts';

export type AttemptState =
  | 'INTENT'
  | 'LAUNCHED'
  | 'REGISTERED'
  | 'TAKEN'
  | 'IDLE'
  | 'BUSY'
  | 'ENDING'
  | 'GONE'
  | 'FAILED';

export type AttemptEvent =
  | 'instance-launched'
  | 'launch-failed'
  | 'mail-given'
  | 'mail-taken'
  | 'runner-online'
  /** GitHub says that its runner has a job: in_progress, `busy`, or 422 on DELETE. */
  | 'runner-busy'
  /** We decide to end it. */
  | 'end'
  /** The same of one whose job is over by GitHub's word, and that is still there. */
  | 'end-finished'
  | 'instance-gone';

export const ATTEMPT_TRANSITIONS: TransitionTable<AttemptState, AttemptEvent> = {
  INTENT: {
    'instance-launched': 'LAUNCHED',
    'launch-failed': 'FAILED',
    'mail-given': 'bug',
    'mail-taken': 'bug',
    'runner-online': 'bug',
    'runner-busy': 'bug',
    end: 'bug',
    'end-finished': 'bug',
    // No instance is bound to it yet, so that none can be said to be gone.
    'instance-gone': 'bug',
  },
  LAUNCHED: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'REGISTERED',
    'mail-taken': 'TAKEN',
    'runner-online': 'IDLE',
    'runner-busy': 'BUSY',
    end: 'ENDING',
    'end-finished': 'ENDING',
    'instance-gone': 'GONE',
  },
  REGISTERED: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'stay',
    'mail-taken': 'TAKEN',
    'runner-online': 'IDLE',
    'runner-busy': 'BUSY',
    end: 'ENDING',
    'end-finished': 'ENDING',
    'instance-gone': 'GONE',
  },
  TAKEN: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'stay',
    'mail-taken': 'stay',
    'runner-online': 'IDLE',
    'runner-busy': 'BUSY',
    end: 'ENDING',
    'end-finished': 'ENDING',
    'instance-gone': 'GONE',
  },
  IDLE: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'stay',
    'mail-taken': 'stay',
    'runner-online': 'stay',
    'runner-busy': 'BUSY',
    end: 'ENDING',
    'end-finished': 'ENDING',
    'instance-gone': 'GONE',
  },
  BUSY: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'stay',
    'mail-taken': 'stay',
    'runner-online': 'stay',
    'runner-busy': 'stay',
    // Only hard lifetime and spot reclaim end a busy runner, and both act on the instance.
    end: 'stay',
    'end-finished': 'ENDING',
    'instance-gone': 'GONE',
  },
  ENDING: {
    'instance-launched': 'stay',
    'launch-failed': 'bug',
    'mail-given': 'stay',
    'mail-taken': 'stay',
    'runner-online': 'stay',
    'runner-busy': 'BUSY',
    end: 'stay',
    'end-finished': 'stay',
    'instance-gone': 'GONE',
  },
  GONE: {
    'instance-launched': 'stay',
    // Found dead by its tag, before the answer to its launch was settled.
    'launch-failed': 'stay',
    'mail-given': 'stay',
    'mail-taken': 'stay',
    'runner-online': 'stay',
    'runner-busy': 'stay',
    end: 'stay',
    'end-finished': 'stay',
    'instance-gone': 'stay',
  },
  FAILED: {
    'instance-launched': 'bug',
    'launch-failed': 'stay',
    'mail-given': 'bug',
    'mail-taken': 'bug',
    'runner-online': 'bug',
    'runner-busy': 'bug',
    end: 'stay',
    'end-finished': 'stay',
    'instance-gone': 'stay',
  },
};

export const nextAttemptState = (state: AttemptState, event: AttemptEvent) =>
  transition(ATTEMPT_TRANSITIONS, state, event);

/** Over: the record moves out of the open partition and expires. */
export const isClosedAttempt = (state: AttemptState) => state === 'GONE' || state === 'FAILED';

/** It can still take a job. */
export const isSupply = (state: AttemptState) =>
  state === 'INTENT' || state === 'LAUNCHED' || state === 'REGISTERED' || state === 'TAKEN' || state === 'IDLE';
