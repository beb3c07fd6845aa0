import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { aPool } from '../pool-test-support.ts';
import { range, world } from './dispatch-test-support.ts';

describe('the fast path', () => {
  test('a queued job gets an attempt, an instance, a JIT config in its mailbox', async () => {
    const w = await world();
    expect(await w.dispatch(w.event('queued', 1))).toEqual([]);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-1', reason: 'boot-pending' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED', jobId: '1', runnerId: 1 });
    expect(await w.mail('1-1')).toBe(true);
    expect(w.launches).toMatchObject([{ id: 'mf-test-1-1', attemptIds: ['1-1'], market: 'on-demand' }]);
    expect(await w.open()).toEqual([`attempt#linux#${w.now}#1-1`, `job#linux#${w.now}#1`]);
  });

  test('the whole life leaves nothing open', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.running(1, '1-1'));
    expect(await w.job(1)).toMatchObject({ state: 'RUNNING' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
    await w.dispatch(w.done(1, '1-1'));
    const instance = w.fleet.instances()[0]?.id as string;
    const calls = w.github.calls;
    await w.dispatch(w.terminated(instance));
    expect(await w.open()).toEqual([]);
    expect(await w.live()).toBe(0);
    expect(w.github.calls - calls).toBe(0);
  });

  test('ten jobs: one fleet request, at most 1.1 GitHub and 1.5 AWS calls a job', async () => {
    const w = await world();
    await w.dispatch(...range(10).map((id) => w.event('queued', id)));
    expect(w.launches).toHaveLength(1);
    expect(w.launches[0]?.attemptIds).toHaveLength(10);
    expect(w.github.calls).toBeLessThanOrEqual(11);
    expect(w.awsCalls()).toBeLessThanOrEqual(15);
  });

  test('one job: at most 6 AWS calls', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    expect(w.awsCalls()).toBeLessThanOrEqual(6);
  });

  test('pools of one batch are launched apart, each from its own template', async () => {
    const arm = aPool({ name: 'arm', labels: ['arm64'], launchTemplate: { id: 'lt-arm', version: '3' } });
    const w = await world([aPool(), arm]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2, { pool: 'arm' }));
    expect(w.launches.map((one) => [one.pool, one.launchTemplate.id]).sort()).toEqual([
      ['arm', 'lt-arm'],
      ['linux', 'lt-1'],
    ]);
  });
});

describe('duplicate, reordered and late events are harmless', () => {
  test('queued twice, in one batch and in another', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1), w.event('queued', 1));
    await w.dispatch(w.event('queued', 1));
    expect(w.fleet.instances()).toHaveLength(1);
  });

  test('completed before queued: a tombstone, no launch', async () => {
    const w = await world();
    await w.dispatch(w.done(1));
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ state: 'DONE' });
    expect(w.fleet.instances()).toHaveLength(0);
  });

  test('waiting holds a job until it is queued', async () => {
    const w = await world();
    await w.dispatch(w.event('waiting', 1));
    expect(await w.job(1)).toMatchObject({ state: 'HELD', reason: 'deployment-approval' });
    expect(w.fleet.instances()).toHaveLength(0);
    await w.dispatch(w.event('queued', 1));
    expect(w.fleet.instances()).toHaveLength(1);
  });

  test('completed may be the only event that names the runner', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.done(1, '1-1'));
    expect(await w.job(1)).toMatchObject({ state: 'DONE', conclusion: 'success' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY', finishedAt: w.now });
  });

  test('two dispatchers on the same event at once: one launch', async () => {
    const w = await world();
    await Promise.all([w.dispatch(w.event('queued', 1)), w.dispatch(w.event('queued', 1))]);
    expect(w.fleet.instances()).toHaveLength(1);
    expect(await w.live()).toBe(1);
  });

  test('any order and repetition of the events of swapped jobs ends the same', async () => {
    const events = (w: Awaited<ReturnType<typeof world>>) => [
      w.event('queued', 1),
      w.event('queued', 2),
      w.running(1, '2-1'),
      w.running(2, '1-1'),
      w.done(1, '2-1'),
      w.done(2, '1-1'),
    ];
    // A runner exists only after the job that it was made for was seen: 1-1 after event 0, 2-1 after event 1.
    const isPossible = (order: readonly number[]) =>
      [2, 4].every((event) => order.indexOf(event) > order.indexOf(1)) &&
      [3, 5].every((event) => order.indexOf(event) > order.indexOf(0));
    const orders = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }).filter(isPossible);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(5), { maxLength: 8 }), orders, async (extra, all) => {
        const w = await world();
        const known = events(w);
        for (const position of [...all, ...extra]) await w.dispatch(known[position] as never);
        expect(await w.job(1)).toMatchObject({ state: 'DONE' });
        expect(await w.job(2)).toMatchObject({ state: 'DONE' });
        expect(w.fleet.instances().length).toBeLessThanOrEqual(2);
        for (const instance of w.fleet.instances()) await w.dispatch(w.terminated(instance.id));
        expect(await w.open()).toEqual([]);
        expect(await w.live()).toBe(0);
      }),
      { numRuns: 200 },
    );
  });
});

describe('a taken runner is a swap, not a launch', () => {
  test('two jobs that swap their runners: two launches in all', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    await w.dispatch(w.running(1, '2-1'));
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-1' });
    expect(await w.attempt('1-1')).toMatchObject({ jobId: '2' });
    await w.dispatch(w.running(2, '1-1'));
    expect(w.fleet.instances()).toHaveLength(2);
    expect(w.launches).toHaveLength(1);
  });

  test('a chain of takeovers among ten jobs: ten instances', async () => {
    const w = await world();
    await w.dispatch(...range(10).map((id) => w.event('queued', id)));
    for (const id of range(10)) await w.dispatch(w.running(id, `${(id % 10) + 1}-1`));
    expect(w.fleet.instances()).toHaveLength(10);
    for (const id of range(10)) expect(await w.job(id)).toMatchObject({ state: 'RUNNING' });
  });

  test('taken by a job that no pool serves: it is recorded in the pool of the runner', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch({ ...w.running(9, '1-1'), pool: undefined });
    expect(await w.job(9)).toMatchObject({ state: 'RUNNING', pool: 'linux' });
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'runner-taken' });
    expect(await w.dispatch({ ...w.running(8, '77-1'), pool: undefined })).toEqual([]);
    expect(await w.job(8)).toBeUndefined();
  });

  test('taken by a job that had no attempt: the displaced one gets a new launch', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.running(9, '1-1'));
    expect(w.fleet.instances()).toHaveLength(1);
    await w.drain(limits.nextPassMs);
    expect(w.jobs.asked).toEqual(['1']);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2' });
    expect(w.fleet.instances()).toHaveLength(2);
  });

  test('a foreign runner takes the job: its attempt is a spare, which the next wake gives to a waiting job', async () => {
    const w = await world([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.event('queued', 2));
    expect(await w.job(2)).toMatchObject({ state: 'WANTED', reason: 'pool-full' });
    await w.dispatch(w.event('in_progress', 1, { runnerName: 'somebody-elses' }));
    expect((await w.attempt('1-1'))?.jobId).toBeUndefined();
    await w.drain(limits.wakeMs);
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-1' });
    expect(w.fleet.instances()).toHaveLength(1);
  });
});

describe('limits', () => {
  test('a full pool: the job waits with a reason, and a wake launches once there is room', async () => {
    const w = await world([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    expect(w.fleet.instances()).toHaveLength(1);
    expect(await w.job(2)).toMatchObject({ state: 'WANTED', reason: 'pool-full' });
    await w.dispatch(w.running(1, '1-1'));
    await w.dispatch(w.done(1, '1-1'));
    await w.dispatch(w.terminated(w.fleet.instances()[0]?.id as string));
    await w.drain(limits.nextPassMs);
    expect(await w.job(2)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('two dispatchers at once never pass the limit of the pool', async () => {
    const w = await world([aPool({ maxRunners: 5 })]);
    const batches = [range(4), range(4).map((id) => id + 10), range(4).map((id) => id + 20)];
    await Promise.all(batches.map((ids) => w.dispatch(...ids.map((id) => w.event('queued', id)))));
    expect(w.fleet.instances()).toHaveLength(5);
    expect(await w.live()).toBe(5);
  });

  test("GitHub's points: a burst is paced by the minute, and all of it is launched", async () => {
    const w = await world([aPool({ maxRunners: 1_000 })]);
    const perMinute = limits.pointsPerMinute / limits.writePoints;
    for (let from = 0; from < 200; from += 10) await w.dispatch(...range(10).map((id) => w.event('queued', from + id)));
    expect(w.fleet.instances()).toHaveLength(perMinute);
    expect(await w.job(200)).toMatchObject({ state: 'WANTED', reason: 'paced' });
    await w.drain(90_000);
    expect(w.fleet.instances()).toHaveLength(200);
    expect(w.launches.every((launch) => launch.attemptIds.length <= limits.launchesPerPass)).toBe(true);
  });

  test('one wake message at a time, however many have to wait', async () => {
    const w = await world([aPool({ maxRunners: 1 })]);
    for (const id of range(8)) await w.dispatch(w.event('queued', id));
    expect(w.queue.counts().delayed).toBe(1);
  });
});

test('a launch without trouble writes its job once', async () => {
  const w = await world();
  await w.dispatch(w.event('queued', 1));
  expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED' });
  expect(await w.job(1)).toMatchObject({ reason: 'boot-pending', v: 1 });
});
