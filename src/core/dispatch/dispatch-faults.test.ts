import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import { DEPLOYMENT, range, World, world } from './dispatch-test-support.ts';

describe('what the fleet may answer', () => {
  test('part of it: the rest waits for capacity and is launched later', async () => {
    let capacity = 3;
    const w = await world([aPool()], () => capacity);
    await w.dispatch(...range(5).map((id) => w.event('queued', id)));
    expect(w.fleet.instances()).toHaveLength(3);
    expect(await w.live()).toBe(3);
    expect(await w.job(5)).toMatchObject({ state: 'WANTED', reason: 'no-capacity' });
    expect(await w.attempt('5-1')).toMatchObject({ state: 'FAILED' });
    capacity = 10;
    await w.drain(limits.capacityMemoryMs);
    expect(w.fleet.instances()).toHaveLength(5);
    expect(await w.job(5)).toMatchObject({ attemptId: '5-2' });
  });

  test('no spot: on demand at once, as a launch of its own', async () => {
    const w = await world([aPool({ market: 'spot', onDemandFallback: true })], (launch) =>
      launch.market === 'spot' ? 0 : 10,
    );
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    expect(w.launches.map((launch) => [launch.market, launch.attemptIds])).toEqual([
      ['spot', ['1-1', '2-1']],
      ['on-demand', ['1-2', '2-2']],
    ]);
    expect(await w.mail('2-2')).toBe(true);
    expect(await w.live()).toBe(2);
  });

  test('misconfigured: a reason, no hot retry, whichever jobs come', async () => {
    const w = await world([aPool()], () => 'misconfigured');
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'ec2-misconfigured' });
    await w.dispatch(w.event('queued', 2));
    expect(await w.job(2)).toMatchObject({ state: 'WANTED', reason: 'ec2-misconfigured' });
    await w.drain(limits.refusedRetryMs - 1);
    expect(w.launches).toHaveLength(1);
    await w.drain(1 + 2 * limits.refusedRetryMs - 1);
    expect(w.launches).toHaveLength(2);
    expect(await w.live()).toBe(0);
  });

  test.each(['throttled', 'unknown'] as const)('%s: the same request is sent again', async (fault) => {
    let answers: (number | 'throttled' | 'unknown')[] = [fault, 10];
    const w = await world([aPool()], () => answers.shift() ?? 10);
    await w.dispatch(w.event('queued', 1), w.event('queued', 2));
    expect(await w.job(1)).toMatchObject({ reason: fault === 'unknown' ? 'ec2-unanswered' : 'ec2-throttled' });
    expect(await w.launchRecord('mf-test-1-1')).toMatchObject({ state: 'SENT' });
    await w.drain(2 * limits.unansweredLaunchMs);
    expect(w.fleet.instances()).toHaveLength(2);
    expect(w.launches[1]).toMatchObject({ id: 'mf-test-1-1', attemptIds: ['1-1', '2-1'] });
    expect(await w.mail('2-1')).toBe(true);
    answers = [];
  });
});

describe('what GitHub may answer', () => {
  test('throttled: the instance keeps waiting for its mail, the budget is halved, and the mail comes', async () => {
    const w = await world();
    w.github.answers.push({ kind: 'throttled', retryAfterMs: 20_000, detail: '' });
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', reason: 'github-throttled' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'LAUNCHED' });
    await w.drain(30_000);
    expect(await w.mail('1-1')).toBe(true);
    expect(w.fleet.instances()).toHaveLength(1);
  });

  test.each([
    ['auth', 'github-auth'],
    ['refused', 'github-refused'],
    ['unavailable', 'github-unavailable'],
  ] as const)('%s: the job says so', async (kind, reason) => {
    const w = await world();
    w.github.answers.push({ kind, detail: '' });
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ reason });
  });

  test('a lost reply: the name is taken by our own first try, which nobody can use', async () => {
    const w = await world();
    w.github.answers.push('lost');
    await w.dispatch(w.event('queued', 1));
    await w.drain(2 * limits.wakeMs);
    expect([...w.github.runners.keys()]).toEqual([runnerNameOf(DEPLOYMENT, '1-1', 1)]);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED', runnerName: 'mf-test-1-1-r1' });
  });

  test('no runner package in the cache: a reason', async () => {
    const w = new World();
    await w.dispatch(w.event('queued', 1));
    expect(await w.job(1)).toMatchObject({ reason: 'runner-cache-empty' });
  });
});

describe('crashes between two steps are repaired by the repeated message', () => {
  /** Dies at the n-th write of the table, as a function that is killed there. */
  const crashAtWrite = (w: Awaited<ReturnType<typeof world>>, n: number) => {
    let writes = 0;
    w.beforeWrite = () => {
      writes += 1;
      if (writes === n) throw new Error('crash');
    };
  };

  test.each([2, 3])('before write %i', async (n) => {
    const w = await world();
    crashAtWrite(w, n);
    await w.dispatch(w.event('queued', 1)).catch(() => {});
    w.beforeWrite = () => {};
    w.now += 180_000;
    await w.dispatch(w.event('queued', 1));
    expect(w.fleet.instances()).toHaveLength(1);
    expect(await w.attempt('1-1')).toMatchObject({ state: 'REGISTERED' });
    expect(w.github.runners.size).toBe(1);
    expect(await w.mail('1-1')).toBe(true);
  });
});

describe('instances', () => {
  test('one that dies before its job ran is replaced, and its runner is deleted', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.terminated(w.fleet.instances()[0]?.id as string));
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'instance-lost' });
    await w.drain(limits.replaceMs);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING', attemptId: '1-2', failures: 1 });
    expect([...w.github.runners.keys()]).toEqual([runnerNameOf(DEPLOYMENT, '1-2')]);
    expect(await w.live()).toBe(1);
  });

  test('news of the end before the news that its job has run: nothing is replaced', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.terminated(w.fleet.instances()[0]?.id as string));
    await w.dispatch(w.running(1, '1-1'), w.done(1, '1-1'));
    await w.drain(10 * limits.replaceMs);
    expect(w.fleet.instances()).toHaveLength(1);
    expect(await w.job(1)).toMatchObject({ state: 'DONE' });
  });

  test('a job whose instances keep dying is not launched for at speed', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    for (let round = 0; round < 6; round++) {
      const last = w.fleet.instances().at(-1)?.id as string;
      w.fleet.instanceEnded(last, 'dead');
      await w.dispatch(w.terminated(last));
      await w.drain(limits.replaceMs);
    }
    expect(w.fleet.instances()).toHaveLength(limits.attemptsWithoutJob);
    expect(await w.job(1)).toMatchObject({ state: 'WANTED', reason: 'attempts-spent' });
    await w.drain(limits.slowRetryMs);
    expect(w.fleet.instances()).toHaveLength(limits.attemptsWithoutJob + 1);
  });

  test('unknown ones, and news told twice, are dropped', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    const instance = w.fleet.instances()[0]?.id as string;
    expect(await w.dispatch(w.terminated('i-stranger'))).toEqual([]);
    await w.dispatch(w.terminated(instance), w.terminated(instance));
    await w.dispatch(w.terminated(instance));
    expect(await w.live()).toBe(0);
  });

  test('one that stopped is terminated', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    const instanceId = w.fleet.instances()[0]?.id as string;
    await w.dispatch({ kind: 'instance', instanceId, change: 'stopped' });
    expect(w.fleet.instances()[0]).toMatchObject({ state: 'terminated' });
  });

  test('a spare that idles for too long: runner deleted first, then terminated', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.done(1));
    await w.drain(aPool().idleTimeoutMs + limits.wakeMs);
    expect(w.github.runners.size).toBe(0);
    expect(w.fleet.instances()[0]).toMatchObject({ state: 'terminated' });
    await w.dispatch(w.terminated(w.fleet.instances()[0]?.id as string));
    expect(await w.open()).toEqual([]);
  });

  test('a spare that GitHub calls busy is left alone', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.done(1));
    for (const runner of w.github.runners.values()) runner.busy = true;
    await w.drain(aPool().idleTimeoutMs + limits.wakeMs);
    expect(w.fleet.instances()[0]).toMatchObject({ state: 'pending' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
  });
});

describe('a spare whose runner GitHub does not know', () => {
  test('is neither terminated nor asked about again and again', async () => {
    const w = await world();
    await w.dispatch(w.event('queued', 1));
    await w.dispatch(w.done(1));
    w.github.runners.clear();
    await w.drain(aPool().idleTimeoutMs + limits.wakeMs);
    const calls = w.github.calls;
    await w.drain(10 * limits.wakeMs);
    expect(w.github.calls).toBe(calls);
    expect(w.fleet.instances()[0]).toMatchObject({ state: 'pending' });
    expect(await w.attempt('1-1')).toMatchObject({ state: 'ENDING' });
  });
});

describe('each message has its own outcome', () => {
  test('what is not ours fails, and spoils nothing for the others', async () => {
    const w = await world();
    const failures = await w.dispatch(
      'not json',
      '{"kind":"job"}',
      w.event('queued', 1),
      w.event('queued', 2, { pool: 'gone' }),
    );
    expect(failures).toEqual([
      { messageId: 'm0', reason: 'message-malformed' },
      { messageId: 'm1', reason: 'message-malformed' },
      { messageId: 'm3', reason: 'message-unknown-pool' },
    ]);
    expect(await w.job(1)).toMatchObject({ state: 'LAUNCHING' });
  });

  test('a table that does not answer fails them all, and the repeat heals', async () => {
    const w = await world();
    const { deps } = w;
    const write = deps.table.write;
    deps.table.write = async () => ({ kind: 'unavailable' });
    expect(await w.dispatch(w.event('queued', 1), w.event('queued', 2))).toHaveLength(2);
    deps.table.write = write;
    expect(await w.dispatch(w.event('queued', 1), w.event('queued', 2))).toEqual([]);
    expect(w.fleet.instances()).toHaveLength(2);
  });
});
