import { expect, test } from 'vitest';
import { scriptedRun } from '../../../../test/unit/github/scripted-run.ts';
import { organization, START, World } from '../../../../test/unit/github/world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

function deliveries(world: World) {
  return world.model.takeDeliveries().map(({ action, job }) => `${action} ${job.key}`);
}

test('a job runs on one ephemeral runner, whose record is gone afterwards', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const session = world.connect('r');
  const id = world.take(session);
  world.work(session, id);
  expect(world.model.findJob(Number(id))).toMatchObject({ status: 'completed', conclusion: 'success' });
  expect(world.jobStory()).toEqual(['queued a', 'started a r', 'completed a r success']);
  expect(world.runnerStory()).toEqual(['r registered', 'r online', 'r removed']);
  expect(world.runnerNames()).toEqual([]);
  expect(world.model.poll(session)).toEqual({ kind: 'deleted' });
});

test('a persistent runner stays, and takes the next job', () => {
  const world = new World();
  const labels = ['self-hosted', 'linux'];
  const outcome = world.model.registerRunner(organization, { name: 'old', runnerGroupId: 1, labels, ephemeral: false });
  if (outcome.kind !== 'ok') throw new Error(outcome.kind);
  const session = world.reconnect(outcome.runner);
  world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b', needs: 'a' }), 'octo-org/closed');
  world.work(session, world.take(session));
  expect(world.given(session)).toBe('job b');
});

test('what needs a job follows it: queued after success, skipped without being queued after failure', () => {
  const world = new World();
  const run = scriptedRun({ key: 'a' }, { key: 'b', needs: 'a' });
  world.model.addRun(run, 'octo-org/closed');
  const good = world.connect('good');
  world.work(good, world.take(good));
  expect(deliveries(world)).toEqual(['queued a', 'in_progress a', 'completed a', 'queued b']);
  const next = world.connect('next');
  world.work(next, world.take(next));
  world.model.addRun(run, 'octo-org/closed');
  const bad = world.connect('bad');
  world.work(bad, world.take(bad), 1);
  expect(deliveries(world).slice(2)).toEqual(['queued a', 'in_progress a', 'completed a', 'completed b']);
  expect(world.jobStory().slice(-2)).toEqual(['completed a bad failure', 'completed b skipped']);
});

test('a job whose lock is not renewed for 10 min fails, and its runner is gone', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const session = world.connect('r');
  const id = world.take(session);
  world.wait(9 * MINUTE);
  expect(world.model.renew(session, id)).toBe('go-on');
  world.wait(10 * MINUTE - 1);
  expect(world.model.findJob(Number(id))?.status).toBe('in_progress');
  world.wait(1);
  expect(world.model.findJob(Number(id))).toMatchObject({ status: 'completed', conclusion: 'failure' });
  expect(world.model.renew(session, id)).toBe('gone');
  expect(world.runnerNames()).toEqual([]);
});

test('a job that waited for 24 h is cancelled', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  world.wait(DAY - 1);
  expect(world.jobStory()).toEqual(['queued a']);
  world.wait(1);
  expect(world.jobStory()).toEqual(['queued a', 'completed a cancelled']);
  expect(world.given(world.connect('late'))).toBeUndefined();
  expect(world.model.nextTickAt()).toBeLessThan(Number.POSITIVE_INFINITY);
});

test('cancelling a run frees the runner of a job that was not taken, and stops one that runs', () => {
  const world = new World();
  const { id: runId } = world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b' }), 'octo-org/closed');
  const busy = world.connect('busy');
  const free = world.connect('free');
  const a = world.take(busy);
  const b = world.model.poll(free) as { job: { id: string } };
  expect(world.model.cancelRun(runId)).toBe('cancelled');
  expect(world.model.acquire(free, b.job.id)).toEqual({ kind: 'gone' });
  expect(world.model.nextStep(busy, a)).toEqual({ kind: 'cancelled' });
  expect(world.model.renew(busy, a)).toBe('cancelled');
  world.model.finishJob(busy, a, 'cancelled');
  expect(world.model.cancelRun(runId)).toBe('over');
  expect(world.runnerNames()).toEqual(['free']);
  world.model.addRun(scriptedRun({ key: 'c' }), 'octo-org/closed');
  expect(world.given(free)).toBe('job c');
});

test('a failed job stops its siblings when they fail fast', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b', failFast: true }), 'octo-org/closed');
  const [first, second] = [world.connect('first'), world.connect('second')];
  const [a, b] = [world.take(first), world.take(second)];
  world.work(first, a, 1);
  expect(world.model.renew(second, b)).toBe('cancelled');
});

test('only the runner of a job can work on it', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }, { key: 'b' }), 'octo-org/closed');
  const [first, second] = [world.connect('first'), world.connect('second')];
  const a = world.take(first);
  world.take(second);
  expect(world.model.nextStep(second, a)).toEqual({ kind: 'gone' });
  world.model.finishJob(second, a, 'ran');
  world.model.log(second, a, 'not mine');
  expect(world.model.findJob(Number(a))?.status).toBe('in_progress');
  expect(world.model.jobLog(Number(a))).toBe('');
});

test('the end of a long log is kept', () => {
  const world = new World();
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  const session = world.connect('r');
  const id = world.take(session);
  world.model.log(session, id, 'lost');
  for (let i = 0; i < 3; i++) world.model.log(session, id, `${i}`.repeat(400_000));
  const log = world.model.jobLog(Number(id));
  expect(log.length).toBe(1_000_000);
  expect(log.startsWith('00')).toBe(true);
  expect(log.endsWith('22')).toBe(true);
});

test('ids of runs, jobs and deliveries do not fit 32 bits, and are the same in every world of the same seed', () => {
  const ids = [new World(), new World()].map((world) => {
    const run = world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
    const [delivery] = world.model.takeDeliveries();
    return [run.id, delivery?.job.id, delivery?.id, delivery?.guid, run.trigger.sha, world.model.issueToken().token];
  });
  expect(ids[0]).toEqual(ids[1]);
  for (const id of ids[0]?.slice(0, 3) ?? []) expect(id).toBeGreaterThan(2 ** 32);
});

test('listeners see whole changes in order, and may call the model', () => {
  const world = new World();
  const session = world.connect('r');
  world.model.onChange(() => {
    const message = world.model.poll(session);
    if (message.kind === 'job') world.work(session, world.take(session));
  });
  world.model.addRun(scriptedRun({ key: 'a' }), 'octo-org/closed');
  expect(world.jobStory()).toEqual(['queued a', 'started a r', 'completed a r success']);
  expect(world.now).toBe(START);
});
