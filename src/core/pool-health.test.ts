import { describe, expect, test } from 'vitest';
import { world } from './dispatch/dispatch-test-support.ts';
import { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { holdOf, noteAnswered, noteFailedBoot, noteProbe, noteRefused, noteWorking } from './pool-health.ts';
import { aPool } from './pool-test-support.ts';
import { healthKey, hourOf, launchesKey } from './records.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A ledger in which nothing is noted of the pool yet, at minute `at`. */
function clean(at = 0): Ledger {
  const ledger = new Ledger(at * MINUTE);
  ledger.put(healthKey('linux'), undefined);
  return ledger;
}

/** The same notes, later. */
function later(ledger: Ledger, minutes: number): Ledger {
  return ledger.stored(ledger.writes(() => 100)).fork(ledger.now + minutes * MINUTE);
}

describe('launches that EC2 refuses', () => {
  test('hold the pool back for 5, 10, then 15 minutes each', () => {
    let ledger = clean();
    for (const minutes of [5, 10, 15, 15, 15]) {
      expect(noteRefused(ledger, 'linux')).toBe(ledger.now + minutes * MINUTE);
      expect(holdOf(ledger, 'linux')).toEqual({
        reason: 'ec2-misconfigured',
        most: 0,
        until: ledger.now + minutes * MINUTE,
      });
      expect(holdOf(later(ledger, minutes - 1), 'linux')).toMatchObject({ most: 0 });
      ledger = later(ledger, minutes);
      expect(holdOf(ledger, 'linux')).toBeUndefined();
    }
  });

  test('until one is answered: then it begins anew', () => {
    const ledger = clean();
    noteRefused(ledger, 'linux');
    noteRefused(ledger, 'linux');
    noteAnswered(ledger, 'linux');
    expect(holdOf(ledger, 'linux')).toBeUndefined();
    expect(noteRefused(ledger, 'linux')).toBe(5 * MINUTE);
  });
});

describe('boots that come to nothing', () => {
  const failing = (count: number) => {
    const ledger = clean();
    for (let n = 0; n < count; n++) noteFailedBoot(ledger, 'linux');
    return ledger;
  };

  test('nine in a row: nothing', () => {
    expect(holdOf(failing(limits.failedBootsInARow - 1), 'linux')).toBeUndefined();
  });

  test('ten: one at a time, every five minutes', () => {
    const ledger = failing(limits.failedBootsInARow);
    const hold = holdOf(ledger, 'linux');
    expect(hold).toEqual({ reason: 'pool-failing', most: 1, until: limits.probeMs });
    noteProbe(ledger, 'linux', hold as NonNullable<typeof hold>);
    expect(holdOf(ledger, 'linux')).toMatchObject({ most: 0, reason: 'pool-failing' });
    expect(holdOf(later(ledger, limits.probeMs / MINUTE - 1), 'linux')).toMatchObject({ most: 0 });
    expect(holdOf(later(ledger, limits.probeMs / MINUTE), 'linux')).toMatchObject({ most: 1 });
  });

  test('until a runner has a job', () => {
    const ledger = failing(limits.failedBootsInARow);
    noteProbe(ledger, 'linux', holdOf(ledger, 'linux') as never);
    noteWorking(ledger, 'linux');
    expect(holdOf(ledger, 'linux')).toBeUndefined();
    for (let n = 1; n < limits.failedBootsInARow; n++) noteFailedBoot(ledger, 'linux');
    expect(holdOf(ledger, 'linux')).toBeUndefined();
  });

  test('an answer of EC2 is no proof that instances work', () => {
    const ledger = failing(limits.failedBootsInARow);
    noteProbe(ledger, 'linux', holdOf(ledger, 'linux') as never);
    noteAnswered(ledger, 'linux');
    expect(holdOf(ledger, 'linux')).toMatchObject({ most: 0 });
  });

  test('nothing is written of a pool that is well', () => {
    const ledger = clean();
    noteWorking(ledger, 'linux');
    noteAnswered(ledger, 'linux');
    expect(ledger.writes(() => 100)).toEqual([]);
  });
});

describe('in the world', () => {
  /** Each instance dies as soon as it is there. */
  async function failTen(w: Awaited<ReturnType<typeof world>>) {
    for (let id = 1; id <= limits.failedBootsInARow; id++) await w.dispatch(w.event('queued', id));
    for (const { id } of w.fleet.instances()) {
      w.fleet.instanceEnded(id, 'Client.InternalError');
      await w.dispatch(w.terminated(id));
    }
  }

  test('ten instances that come to nothing: then one at a time, and the jobs say why', async () => {
    const w = await world();
    await failTen(w);
    const before = w.fleet.instances().length;
    await w.drain(limits.probeMs - 1);
    expect(w.fleet.instances()).toHaveLength(before + 1);
    const reasons = await Promise.all(Array.from({ length: 10 }, async (_, n) => (await w.job(n + 1))?.reason));
    expect(reasons.filter((reason) => reason === 'pool-failing')).toHaveLength(9);
    await w.drain(limits.probeMs);
    expect(w.fleet.instances()).toHaveLength(before + 2);
  });

  test('one that works sets the pool free', async () => {
    const w = await world();
    await failTen(w);
    await w.drain(limits.replaceMs);
    const probe = w.launches.at(-1)?.attemptIds[0] as string;
    await w.dispatch(w.running(Number(probe.split('-')[0]), probe));
    await w.drain(limits.probeMs);
    expect(w.fleet.instances()).toHaveLength(20);
  });

  test('spot instances that EC2 takes back are no failed boots', async () => {
    const w = await world([aPool({ market: 'spot' })]);
    for (let id = 1; id <= limits.failedBootsInARow; id++) await w.dispatch(w.event('queued', id));
    for (const { id } of w.fleet.instances()) {
      await w.dispatch({ kind: 'instance', instanceId: id, change: 'spot-warning' });
      await w.dispatch(w.terminated(id));
    }
    await w.drain(limits.wakeMs);
    expect(w.fleet.instances()).toHaveLength(20);
  });

  test('a broken pool does not slow another', async () => {
    const w = await world([aPool(), aPool({ name: 'arm' })], ({ pool }) => (pool === 'linux' ? 'misconfigured' : 10));
    await w.dispatch(w.event('queued', 1), w.event('queued', 2, { pool: 'arm' }));
    await w.dispatch(w.event('queued', 3), w.event('queued', 4, { pool: 'arm' }));
    expect(await w.job(3)).toMatchObject({ state: 'WANTED', reason: 'ec2-misconfigured' });
    for (const id of [2, 4]) expect(await w.job(id)).toMatchObject({ state: 'LAUNCHING' });
    expect(w.launches.filter(({ pool }) => pool === 'linux')).toHaveLength(1);
  });

  test('refused for 40 minutes: four launches, whatever comes meanwhile', async () => {
    const w = await world([aPool()], () => 'misconfigured');
    for (let id = 1; id <= 40; id++) {
      await w.dispatch(w.event('queued', id));
      await w.drain(MINUTE);
    }
    expect(w.launches).toHaveLength(4);
  });
});

test('a pool launches no more in an hour than its runners could use; the next hour has its own allowance', async () => {
  const w = await world([aPool({ maxRunners: 1 })]);
  w.now = Math.ceil(w.now / HOUR) * HOUR;
  const event = (job: number) => w.event('queued', job, { createdAt: w.now });
  for (let job = 1; job <= limits.launchesPerRunnerAndHour; job++) {
    await w.dispatch(event(job));
    await w.dispatch(w.running(job, `${job}-1`), w.done(job, `${job}-1`));
    await w.dispatch(w.terminated((await w.attempt(`${job}-1`))?.instanceId as string));
    w.now += 1_000;
  }
  const one = limits.launchesPerRunnerAndHour + 1;
  await w.dispatch(event(one));
  expect(await w.job(one)).toMatchObject({ state: 'WANTED', reason: 'pool-runaway' });
  const launches = w.launches.length;
  await w.drain(50 * 60_000);
  expect(w.launches).toHaveLength(launches);
  await w.drain(10 * 60_000);
  expect(await w.job(one)).toMatchObject({ state: 'LAUNCHING' });
});

test('what is left of the allowance is launched, and no more: the batch does not fail for it', async () => {
  const w = await world([aPool({ maxRunners: 5 })]);
  const most = 5 * limits.launchesPerRunnerAndHour;
  const item = { ...launchesKey('linux', hourOf(w.now)), v: 1, launched: most - 2 };
  await w.table.write([{ kind: 'put', item, ifVersion: 0 }]);
  expect(await w.dispatch(w.event('queued', 1), w.event('queued', 2), w.event('queued', 3))).toEqual([]);
  expect(w.fleet.instances()).toHaveLength(2);
  expect(await w.job(3)).toMatchObject({ state: 'WANTED' });
  await w.drain(limits.wakeMs);
  expect(await w.job(3)).toMatchObject({ state: 'WANTED', reason: 'pool-runaway' });
});
