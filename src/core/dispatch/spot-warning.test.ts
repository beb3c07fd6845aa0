import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import type { World } from './dispatch-test-support.ts';
import { DEPLOYMENT, world } from './dispatch-test-support.ts';

const warning = (instanceId: string) => ({ kind: 'instance', instanceId, change: 'spot-warning' }) as const;
const instanceOf = async (w: World, attemptId: string) => (await w.attempt(attemptId))?.instanceId as string;
const runnerOf = (w: World, attemptId: string) => w.github.runners.get(runnerNameOf(DEPLOYMENT, attemptId));
const states = (w: World) => w.fleet.instances().map(({ state }) => state);

test('the job gets another attempt at once, and it is no failure; the instance is ended', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  expect(await w.dispatch(warning(await instanceOf(w, '1-1')))).toEqual([]);
  await w.drain(limits.nextPassMs);
  expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2', failures: 0 });
  expect(await w.attempt('1-1')).toMatchObject({ state: 'ENDING', reason: 'spot-reclaimed' });
  expect(runnerOf(w, '1-1')).toBeUndefined();
  expect(states(w)).toEqual(['terminated', 'pending']);
  await w.dispatch(w.terminated(await instanceOf(w, '1-1')));
  expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2', failures: 0 });
  expect(await w.live()).toBe(1);
});

test('a busy runner is left alone', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  await w.dispatch(w.running(1, '1-1'));
  const calls = w.github.calls;
  await w.dispatch(warning(await instanceOf(w, '1-1')));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY', jobId: '1' });
  expect(w.github.calls).toBe(calls);
  expect(states(w)).toEqual(['pending']);
});

test('a runner that just took a job, which we have not heard of, keeps it', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  const runner = runnerOf(w, '1-1');
  if (runner) runner.busy = true;
  w.jobs.statusOf = () => 'in_progress';
  await w.dispatch(warning(await instanceOf(w, '1-1')));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
  // GitHub is asked before the job gets another instance, and knows better than we do.
  await w.drain(limits.nextPassMs);
  expect(states(w)).toEqual(['pending']);
  expect(await w.job(1)).toMatchObject({ state: 'RUNNING' });
});

test('a spare is ended and not given to the next job', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  await w.dispatch(w.done(1));
  expect(await w.attempt('1-1')).toMatchObject({ spareSince: w.now });
  await w.dispatch(warning(await instanceOf(w, '1-1')), w.event('queued', 2));
  expect(await w.job(2)).toMatchObject({ attemptId: '2-1' });
  expect(states(w)).toEqual(['terminated', 'pending']);
});

test('one whose JIT config is not made yet takes no job, and its runner is deleted when it is gone', async () => {
  const w = await world();
  w.github.answers.push({ kind: 'unavailable', detail: 'down' });
  await w.dispatch(w.event('queued', 1));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'LAUNCHED' });
  await w.dispatch(warning(await instanceOf(w, '1-1')));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'ENDING' });
  await w.drain(limits.nextPassMs);
  expect(await w.job(1)).toMatchObject({ attemptId: '1-2' });
  await w.dispatch(w.terminated(await instanceOf(w, '1-1')));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'GONE' });
});

test('repeated, and for an instance that is not ours, it changes nothing', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  const instance = await instanceOf(w, '1-1');
  await w.dispatch(warning(instance));
  await w.dispatch(warning(instance), warning('i-foreign'));
  await w.drain(limits.nextPassMs);
  expect(w.fleet.instances()).toHaveLength(2);
  expect(await w.job(1)).toMatchObject({ attemptId: '1-2', failures: 0 });
});

test('in a full pool the job waits until the instance is gone', async () => {
  const w = await world([aPool({ maxRunners: 1 })]);
  await w.dispatch(w.event('queued', 1));
  const instance = await instanceOf(w, '1-1');
  await w.dispatch(warning(instance));
  await w.drain(limits.nextPassMs);
  expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'pool-full' });
  await w.dispatch(w.terminated(instance));
  await w.drain(2_000);
  expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2' });
});
