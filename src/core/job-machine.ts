/**
 * The life of a job as we know it. Forward only: events come late, twice and out of order, and none leads back,
 * but for a lost attempt, after which the job is wanted again.
 *
 *   NEW -> HELD -> WANTED <-> LAUNCHING -> RUNNING -> DONE
 *                     `-> EXPIRED (GitHub cancels a job that waited for 24 h)
 *
 * WANTED has no attempt; LAUNCHING has one that is meant for it. Whether a runner is taken or swapped by another job
 * is decided by whoever applies the event (dispatch/fold-job-event.ts); this table says what that means for the job.
 */
import { type TransitionTable, transition } from './transition.ts';

export type JobState = 'NEW' | 'HELD' | 'WANTED' | 'LAUNCHING' | 'RUNNING' | 'DONE' | 'EXPIRED';

export type JobEvent =
  /** GitHub: waits for a runner. */
  | 'queued'
  /** GitHub: waits for a deployment's approval. */
  | 'waiting'
  /** GitHub: a runner, ours or not, runs it. */
  | 'in_progress'
  /** GitHub: over, with any conclusion. */
  | 'completed'
  /** Ours: an attempt is meant for it from now on. */
  | 'attempt-assigned'
  /** Ours: its attempt is gone, or runs another job. */
  | 'attempt-lost'
  /** Ours: older than GitHub keeps a queued job. */
  | 'expired';

export const JOB_TRANSITIONS: TransitionTable<JobState, JobEvent> = {
  NEW: {
    queued: 'WANTED',
    waiting: 'HELD',
    in_progress: 'RUNNING',
    completed: 'DONE',
    'attempt-assigned': 'bug',
    'attempt-lost': 'bug',
    expired: 'bug',
  },
  HELD: {
    queued: 'WANTED',
    waiting: 'stay',
    in_progress: 'RUNNING',
    completed: 'DONE',
    'attempt-assigned': 'bug',
    'attempt-lost': 'bug',
    expired: 'EXPIRED',
  },
  WANTED: {
    queued: 'stay',
    waiting: 'stay',
    in_progress: 'RUNNING',
    completed: 'DONE',
    'attempt-assigned': 'LAUNCHING',
    'attempt-lost': 'bug',
    expired: 'EXPIRED',
  },
  LAUNCHING: {
    queued: 'stay',
    waiting: 'stay',
    in_progress: 'RUNNING',
    completed: 'DONE',
    // It inherits the attempt of the job that took its own.
    'attempt-assigned': 'stay',
    'attempt-lost': 'WANTED',
    expired: 'EXPIRED',
  },
  RUNNING: {
    queued: 'stay',
    waiting: 'stay',
    in_progress: 'stay',
    completed: 'DONE',
    'attempt-assigned': 'bug',
    // Its instance died under it: GitHub will say how the job ended.
    'attempt-lost': 'stay',
    expired: 'stay',
  },
  DONE: {
    queued: 'stay',
    waiting: 'stay',
    in_progress: 'stay',
    completed: 'stay',
    'attempt-assigned': 'bug',
    'attempt-lost': 'bug',
    expired: 'stay',
  },
  EXPIRED: {
    queued: 'stay',
    waiting: 'stay',
    in_progress: 'RUNNING',
    completed: 'DONE',
    'attempt-assigned': 'bug',
    'attempt-lost': 'bug',
    expired: 'stay',
  },
};

export const nextJobState = (state: JobState, event: JobEvent) => transition(JOB_TRANSITIONS, state, event);

/** Over for us: the record moves out of the open partition and expires. */
export const isClosedJob = (state: JobState) => state === 'DONE' || state === 'EXPIRED';
