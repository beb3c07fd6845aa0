import { describe, expect, test } from 'vitest';
import { ATTEMPT_TRANSITIONS, isClosedAttempt, isSupply, nextAttemptState } from './attempt-machine.ts';
import { isClosedJob, JOB_TRANSITIONS, nextJobState } from './job-machine.ts';
import { isClosedLaunch, LAUNCH_TRANSITIONS, nextLaunchState } from './launch-machine.ts';
import { ImpossibleTransition } from './transition.ts';

/** The tables once more, as text to be read beside the design. `.` stays, `!` can't happen. Columns as in `events`. */
const MACHINES = {
  job: {
    table: JOB_TRANSITIONS,
    next: nextJobState,
    events: ['queued', 'waiting', 'in_progress', 'completed', 'attempt-assigned', 'attempt-lost', 'expired'],
    rows: {
      NEW: 'WANTED HELD RUNNING DONE ! ! !',
      HELD: 'WANTED . RUNNING DONE ! ! EXPIRED',
      WANTED: '. . RUNNING DONE LAUNCHING ! EXPIRED',
      LAUNCHING: '. . RUNNING DONE . WANTED EXPIRED',
      RUNNING: '. . . DONE ! . .',
      DONE: '. . . . ! ! .',
      EXPIRED: '. . RUNNING DONE ! ! .',
    },
  },
  attempt: {
    table: ATTEMPT_TRANSITIONS,
    next: nextAttemptState,
    events: [
      'instance-launched',
      'launch-failed',
      'mail-given',
      'mail-taken',
      'runner-online',
      'runner-busy',
      'end',
      'end-finished',
      'instance-gone',
    ],
    rows: {
      INTENT: 'LAUNCHED FAILED ! ! ! ! ! ! !',
      LAUNCHED: '. ! REGISTERED TAKEN IDLE BUSY ENDING ENDING GONE',
      REGISTERED: '. ! . TAKEN IDLE BUSY ENDING ENDING GONE',
      TAKEN: '. ! . . IDLE BUSY ENDING ENDING GONE',
      IDLE: '. ! . . . BUSY ENDING ENDING GONE',
      BUSY: '. ! . . . . . ENDING GONE',
      ENDING: '. ! . . . BUSY . . GONE',
      GONE: '. . . . . . . . .',
      FAILED: '! . ! ! ! ! . . .',
    },
  },
  launch: {
    table: LAUNCH_TRANSITIONS,
    next: nextLaunchState,
    events: ['unanswered', 'answered', 'refused'],
    rows: {
      STORED: 'SENT SETTLED OVER',
      SENT: '. SETTLED OVER',
      SETTLED: '. . .',
      OVER: '. . .',
    },
  },
};

describe.each(Object.entries(MACHINES))('%s machine', (_name, { table, next, events, rows }) => {
  test('has exactly these states and events', () => {
    expect(Object.keys(table)).toEqual(Object.keys(rows));
    for (const row of Object.values(table)) expect(Object.keys(row)).toEqual(events);
  });

  const cells = Object.entries(rows).flatMap(([state, row]) =>
    row.split(' ').map((cell, position) => ({ state, event: events[position] as string, cell })),
  );
  test.each(cells)('$state sees $event: $cell', ({ state, event, cell }) => {
    const step = () => (next as (state: string, event: string) => string)(state, event);
    if (cell === '!') expect(step).toThrow(ImpossibleTransition);
    else expect(step()).toBe(cell === '.' ? state : cell);
  });
});

test('closed states are those that no event but the late end of a job leads out of', () => {
  expect(Object.keys(JOB_TRANSITIONS).filter((state) => isClosedJob(state as never))).toEqual(['DONE', 'EXPIRED']);
  expect(Object.keys(ATTEMPT_TRANSITIONS).filter((state) => isClosedAttempt(state as never))).toEqual([
    'GONE',
    'FAILED',
  ]);
  expect(Object.keys(LAUNCH_TRANSITIONS).filter((state) => isClosedLaunch(state as never))).toEqual([
    'SETTLED',
    'OVER',
  ]);
});

test('supply is what can still take a job', () => {
  expect(Object.keys(ATTEMPT_TRANSITIONS).filter((state) => isSupply(state as never))).toEqual([
    'INTENT',
    'LAUNCHED',
    'REGISTERED',
    'TAKEN',
    'IDLE',
  ]);
});
