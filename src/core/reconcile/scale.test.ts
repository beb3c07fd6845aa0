/** A thousand instances at work, and nothing to repair: what a run costs. */
import { expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import { DEPLOYMENT, type ReconcileWorld, reconcileWorld } from './reconcile-test-support.ts';

const COUNT = 1_000;
const MINUTE = 60_000;

/** All of them run a job; told by events, as usual. */
async function atWork(): Promise<ReconcileWorld> {
  const w = await reconcileWorld([aPool({ maxRunners: COUNT, lifetimeMs: 24 * 60 * MINUTE })]);
  for (let from = 0; from < COUNT; from += 10)
    await w.dispatch(...Array.from({ length: 10 }, (_, n) => w.event('queued', from + n)));
  await w.drain(15 * MINUTE);
  const taken = w.launches.flatMap(({ attemptIds }) => attemptIds);
  for (let at = 0; at < taken.length; at += 10)
    await w.dispatch(...taken.slice(at, at + 10).map((id) => w.running(Number(id.split('-')[0]), id)));
  for (const [, runner] of w.github.runners) Object.assign(runner, { busy: true, online: true });
  for (const { id } of w.fleet.instances()) w.fleet.instanceRunning(id);
  w.jobs.statusOf = () => 'in_progress';
  w.jobs.runnerOf = (id) => runnerNameOf(DEPLOYMENT, `${id}-1`);
  return w;
}

test('at most 12 calls to GitHub a minute, few to AWS, no record written, little time', async () => {
  const w = await atWork();
  expect(w.alive()).toHaveLength(COUNT);
  await w.reconcile();
  const written: string[] = [];
  w.beforeWrite = () => {};
  const { write } = w.deps.table;
  w.deps.table.write = async (writes) => {
    for (const one of writes) written.push((one.kind === 'put' ? one.item : one.key).pk);
    return write(writes);
  };
  for (let minute = 0; minute < 12; minute++) {
    w.now += MINUTE;
    const before = { ...w.calls };
    const github = w.githubCalls();
    const cpu = process.cpuUsage();
    expect(await w.reconcile()).toEqual({ kind: 'done', actions: 0 });
    const { user, system } = process.cpuUsage(cpu);
    expect((user + system) / 1_000).toBeLessThan(300);
    expect(w.githubCalls() - github).toBeLessThanOrEqual(12);
    const used = (name: string) => (w.calls[name] ?? 0) - (before[name] ?? 0);
    // 2,000 markers; 2,000 records by the hundred, the pool's count, the points.
    expect(used('query')).toBeLessThanOrEqual(3);
    expect(used('read')).toBeLessThanOrEqual(23);
    expect(used('instances')).toBe(1);
    expect(used('mail')).toBe(0);
    // The lease and its end, the points spent, the deliveries read.
    expect(used('write')).toBeLessThanOrEqual(4);
  }
  expect(new Set(written)).toEqual(new Set(['open', 'github#7']));
  expect(w.jobs.asked).toEqual([]);
  expect(new Set(w.jobs.searched)).toEqual(new Set(['acme/web queued', 'acme/web in_progress']));
}, 20_000);

test('a list of many pages is read more seldom, and what is missed in between does no harm', async () => {
  const w = await reconcileWorld();
  await w.dispatch(w.event('queued', 1));
  await w.dispatch(w.running(1, '1-1'));
  await w.comeUp('1-1', { busy: true });
  for (let n = 0; n < 3_000; n++) w.github.add(`arc-${n}`, { online: true });
  await w.reconcile();
  expect((await w.watch()).runnerPages).toBe(31);
  const lists: number[] = [];
  for (let minute = 1; minute <= 10; minute++) {
    w.now += MINUTE;
    const { calls } = w.github;
    await w.reconcile();
    if (w.github.calls - calls > 30) lists.push(minute);
  }
  // 31 pages at 6 s each are 186 s; in between it searches for jobs.
  expect(lists.length).toBeGreaterThanOrEqual(2);
  expect(lists.every((minute, at) => minute - (lists[at - 1] ?? 0) >= 3)).toBe(true);
  expect(await w.attempt('1-1')).toMatchObject({ state: 'BUSY' });
  expect(w.alarms()).toEqual([]);
});

test('a thousand that all go wrong at once are ended within the bounds of a run, and all in the end', async () => {
  const w = await atWork();
  const left = () => w.alive().length;
  for (const { id } of w.fleet.instances()) w.fleet.instanceEnded(id, 'an outage of the zone');
  w.github.runners.clear();
  w.jobs.statusOf = () => 'completed';
  const actions: number[] = [];
  for (let minute = 0; minute < 20; minute++) {
    w.now += MINUTE;
    actions.push((await w.reconcile()).actions);
  }
  expect(Math.max(...actions)).toBeLessThanOrEqual(limits.actionsPerPass + 2);
  expect(left()).toBe(0);
  expect(await w.live()).toBe(0);
  expect((await w.open()).filter((marker) => marker.startsWith('attempt'))).toEqual([]);
}, 20_000);
