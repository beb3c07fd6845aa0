/** Before a job gets another attempt GitHub is asked whether it still waits; and why it waited is kept. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import { DEPLOYMENT, range, type World, world } from './dispatch-test-support.ts';

/** Job 1 has lost its instance before it ran. */
async function lost(more: Parameters<typeof aPool>[0] = {}, jobs = 1): Promise<World> {
  const w = await world([aPool(more)]);
  for (const id of range(jobs)) await w.dispatch(w.event('queued', id));
  w.now += 20_000;
  const instanceId = (await w.attempt('1-1'))?.instanceId as string;
  w.fleet.instanceEnded(instanceId, 'test');
  await w.dispatch(w.terminated(instanceId));
  return w;
}

describe('before a second attempt', () => {
  test('a first attempt asks nobody', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    expect(w.jobs.asked).toEqual([]);
  });

  test('it still waits: it gets another', async () => {
    const w = await lost();
    await w.drain(limits.replaceMs);
    expect(w.jobs.asked).toEqual(['1']);
    expect(await w.job(1)).toMatchObject({ attemptId: '1-2' });
  });

  test.each<[string, ReturnType<World['jobs']['statusOf']>, string]>([
    ['it is over, and nobody told', 'completed', 'DONE'],
    ['it runs elsewhere', 'in_progress', 'RUNNING'],
    ['it waits for an approval', 'held', 'WANTED'],
  ])('%s: nothing is launched', async (_, status, state) => {
    const w = await lost();
    w.jobs.statusOf = () => status;
    await w.drain(5 * limits.replaceMs);
    expect(await w.job(1)).toMatchObject({ state });
    expect(w.fleet.instances()).toHaveLength(1);
  });

  test('held: asked again later, and launched for once it is free', async () => {
    const w = await lost();
    w.jobs.statusOf = () => 'held';
    await w.drain(limits.replaceMs);
    expect(await w.job(1)).toMatchObject({ reason: 'job-held' });
    w.jobs.statusOf = () => 'queued';
    await w.drain(limits.heldCheckMs);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2' });
  });

  test.each([
    ['unavailable', 'github-unavailable', 2 * limits.wakeMs],
    ['auth', 'github-auth', limits.slowRetryMs],
  ] as const)('no answer (%s): not yet, and the job says why', async (status, reason, healMs) => {
    const w = await lost();
    w.jobs.statusOf = () => status;
    await w.drain(3 * limits.replaceMs);
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason });
    expect(w.fleet.instances()).toHaveLength(1);
    w.jobs.statusOf = () => 'queued';
    await w.drain(healMs);
    expect(await w.job(1)).toMatchObject({ attemptId: '1-2' });
  });

  test.each([
    [limits.youngJobMs - limits.replaceMs - 1, 'WANTED'],
    [limits.youngJobMs, 'DONE'],
  ])('GitHub does not know it, %i ms after it was made: %s', async (ageMs, state) => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    w.now += ageMs;
    const instanceId = (await w.attempt('1-1'))?.instanceId as string;
    w.fleet.instanceEnded(instanceId, 'test');
    await w.dispatch(w.terminated(instanceId));
    w.jobs.statusOf = () => 'gone';
    await w.drain(limits.replaceMs);
    expect(await w.job(1)).toMatchObject({ state });
  });

  test("the attempt had run another's job, whose events are late: the other's attempt is free", async () => {
    const w = await lost({}, 2);
    w.jobs.statusOf = (id) => (id === '2' ? 'completed' : 'queued');
    w.jobs.runnerOf = (id) => (id === '2' ? runnerNameOf(DEPLOYMENT, '1-1') : undefined);
    await w.drain(limits.replaceMs);
    expect(await w.job(2)).toMatchObject({ state: 'DONE' });
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '2-1' });
    expect(w.fleet.instances()).toHaveLength(2);
  });

  test('however many others wait, only some are asked about', async () => {
    const w = await lost({}, 40);
    await w.drain(limits.replaceMs);
    expect(w.jobs.asked).toHaveLength(1 + limits.asksBeforeRetry);
    expect(await w.job(1)).toMatchObject({ attemptId: '1-2' });
  });

  test('asking costs points', async () => {
    const w = await lost();
    const points = async () => {
      const page = await w.table.query('github#7', { prefix: 'points#' });
      return page.items.reduce((sum, item) => sum + (item.points as number), 0);
    };
    const before = await points();
    await w.drain(limits.replaceMs);
    expect((await points()) - before).toBe(limits.askPoints + limits.writePoints);
  });
});

describe('why a job waited', () => {
  const reasons = async (w: World, id = 1) => (await w.job(id))?.history?.map(({ reason }) => reason);

  test('is kept, with the time and the attempt, the oldest first', async () => {
    const w = await lost();
    const lostAt = w.now;
    await w.drain(limits.replaceMs);
    const history = (await w.job(1))?.history ?? [];
    expect(history[0]).toEqual({ at: lostAt - 20_000, reason: 'boot-pending', attemptId: '1-1' });
    expect(history[1]).toEqual({ at: lostAt, reason: 'instance-lost' });
    expect(history.at(-1)).toEqual({ at: lostAt + limits.replaceMs, reason: 'boot-pending', attemptId: '1-2' });
  });

  test('also once it runs and is done', async () => {
    const w = await lost();
    await w.drain(limits.replaceMs);
    await w.dispatch(w.running(1, '1-2'));
    await w.dispatch(w.done(1, '1-2'));
    expect(await w.job(1)).not.toHaveProperty('reason');
    expect(await reasons(w)).toEqual(expect.arrayContaining(['boot-pending', 'instance-lost']));
  });

  test('the same reason again is no news', async () => {
    const w = await world([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    await w.drain(5 * limits.wakeMs);
    expect(await reasons(w, 2)).toEqual(['pool-full']);
  });

  test('one after the other', async () => {
    const w = await world([aPool({ maxRunners: 1 })]);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    w.github.answers.push({ kind: 'auth', detail: '' });
    await w.dispatch(w.done(1), w.terminated((await w.attempt('1-1'))?.instanceId as string));
    await w.drain(limits.wakeMs);
    expect(await reasons(w, 2)).toEqual(['pool-full', 'boot-pending', 'github-auth']);
  });

  test('of a long story the end is kept', async () => {
    const w = await world([aPool()], () => 0);
    await w.dispatch(w.event('queued', 1));
    for (let round = 0; round < 30; round++) await w.drain(limits.capacityMemoryMs + limits.wakeMs);
    const history = (await w.job(1))?.history ?? [];
    expect(history).toHaveLength(20);
    expect(history.at(-1)?.at).toBeGreaterThan(w.now - 2 * limits.capacityMemoryMs);
    expect(history.at(-1)).toMatchObject({ reason: 'no-capacity' });
  });

  test('three attempts in vain: the reason says so', async () => {
    const w = await lost();
    for (const attempt of ['1-2', '1-3']) {
      await w.drain(limits.replaceMs);
      const instanceId = (await w.attempt(attempt))?.instanceId as string;
      w.fleet.instanceEnded(instanceId, 'test');
      await w.dispatch(w.terminated(instanceId));
    }
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'attempts-spent', failures: 3 });
    await w.drain(limits.slowRetryMs - 1);
    expect(w.fleet.instances()).toHaveLength(3);
    await w.drain(1);
    expect(w.fleet.instances()).toHaveLength(4);
  });
});
