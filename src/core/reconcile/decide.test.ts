/** What was not answered must not kill, and what is seen twice is done once: over any records. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AttemptState } from '../attempt-machine.ts';
import type { JobState } from '../job-machine.ts';
import { aPool } from '../pool-test-support.ts';
import type { Attempt, Job } from '../types.ts';
import { decide } from './decide.ts';
import { ago, aJob, anAttempt, anInstance, aRunner, aSnapshot, brief, NOW } from './snapshot-test-support.ts';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const time = fc.integer({ min: 0, max: 2 * aPool().lifetimeMs }).map(ago);
const OPEN: readonly AttemptState[] = ['INTENT', 'LAUNCHED', 'REGISTERED', 'TAKEN', 'IDLE', 'BUSY', 'ENDING'];
const JOBS: readonly JobState[] = ['HELD', 'WANTED', 'LAUNCHING', 'RUNNING'];

const attempts: fc.Arbitrary<Attempt[]> = fc
  .array(
    fc.record({
      state: fc.constantFrom(...OPEN),
      launchedAt: time,
      runnerId: optional(fc.nat(3)),
      idleSince: optional(time),
      offlineSince: optional(time),
      finishedAt: optional(time),
      runnerMissingSince: optional(time),
      instanceMissingSince: optional(time),
    }),
    { maxLength: 4 },
  )
  .map((all) =>
    all.map(({ state, ...more }, n) => {
      const bound = state === 'INTENT' ? { instanceId: undefined, launchedAt: undefined } : { instanceId: `i-${n}` };
      return anAttempt({ id: `${n}-1`, jobId: String(n), state, ...more, ...bound });
    }),
  );

const jobs: fc.Arbitrary<Job[]> = fc
  .array(fc.record({ state: fc.constantFrom(...JOBS), createdAt: time, checkedAt: optional(time) }), { maxLength: 4 })
  .map((all) => all.map((one, n) => aJob({ id: String(n), attemptId: `${n}-1`, ...one })));

const kinds = (actions: readonly { kind: string }[]) => new Set(actions.map(({ kind }) => kind));

test('EC2 does not answer: no instance is said to be gone, none is terminated, no count is changed', () => {
  fc.assert(
    fc.property(attempts, jobs, (attempts, jobs) => {
      const runners = attempts.map(({ runnerId = 0 }) => aRunner({ id: runnerId }));
      const did = kinds(decide(aSnapshot({ attempts, jobs, runners, instances: 'unknown' })));
      expect(['instance-event', 'terminate', 'recount'].filter((kind) => did.has(kind))).toEqual([]);
    }),
  );
});

test('GitHub does not answer: no runner is seen, deleted, or ended for being away', () => {
  fc.assert(
    fc.property(attempts, jobs, (attempts, jobs) => {
      const instances = attempts.flatMap(({ instanceId: id }) => (id ? anInstance({ id }) : []));
      const actions = decide(aSnapshot({ attempts, jobs, instances, runners: 'unknown' }));
      expect(['delete-runner', 'alarm'].filter((kind) => kinds(actions).has(kind))).toEqual([]);
      for (const action of actions) {
        if (action.kind === 'sighting') expect(action.seen.kind).toBe('instance-back');
        // Asked for by its id: only who was missed before.
        if (action.kind === 'check-runner') expect(action.attempt.runnerMissingSince).toBeDefined();
        // Ended by DELETE, which knows: what is late, what is on its way out, and what is done.
        if (action.kind === 'end-attempt') {
          const { state, finishedAt } = action.attempt;
          const isBooting = state === 'LAUNCHED' || state === 'REGISTERED' || state === 'TAKEN';
          expect(isBooting || state === 'ENDING' || (state === 'BUSY' && finishedAt !== undefined)).toBe(true);
        }
      }
    }),
  );
});

test('lists in which nothing is: no instance is terminated, and no runner deleted, on their word', () => {
  fc.assert(
    fc.property(attempts, jobs, (attempts, jobs) => {
      const did = kinds(decide(aSnapshot({ attempts, jobs })));
      expect(['terminate', 'delete-runner'].filter((kind) => did.has(kind))).toEqual([]);
    }),
  );
});

test('a busy runner is never ended but for its lifetime', () => {
  fc.assert(
    fc.property(attempts, (attempts) => {
      const busy = attempts.map((attempt, id) => ({ ...attempt, runnerId: id, finishedAt: undefined }));
      const runners = busy.map(({ runnerId: id }) => aRunner({ id, name: `r${id}`, busy: true, online: false }));
      const instances = busy.flatMap(({ instanceId: id }) => (id ? anInstance({ id, launchedAt: NOW }) : []));
      const actions = decide(aSnapshot({ attempts: busy, runners, instances }));
      for (const action of actions) {
        expect(['terminate', 'delete-runner']).not.toContain(action.kind);
        // Nobody has told of it yet: DELETE is answered 422.
        if (action.kind === 'end-attempt') expect(['LAUNCHED', 'ENDING']).toContain(action.attempt.state);
      }
    }),
  );
});

test('the same snapshot, the same actions; none of them twice', () => {
  fc.assert(
    fc.property(attempts, jobs, (attempts, jobs) => {
      const snapshot = aSnapshot({ attempts, jobs, runners: [aRunner()], instances: [anInstance()] });
      const actions = decide(snapshot).map(brief);
      expect(decide(snapshot).map(brief)).toEqual(actions);
      expect([...new Set(actions)]).toEqual(actions);
    }),
  );
});
