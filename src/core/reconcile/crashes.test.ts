/** Killed before or after any effect of a run, the next runs end where an undisturbed one does. */
import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { runnerNameOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import type { Moment } from './mortal-test-support.ts';
import { DEPLOYMENT, type ReconcileWorld, reconcileWorld } from './reconcile-test-support.ts';

const HEAL_MINUTES = 4;
const LATE_MS = aPool().bootDeadlineMs + limits.bootGraceMs;

/** A pool whose spares are not ended for idling. */
const patient = aPool({ idleTimeoutMs: 3_600_000, rerunReclaimed: true });

async function withJob(jobs = 1): Promise<ReconcileWorld> {
  const w = await reconcileWorld([patient]);
  for (let id = 1; id <= jobs; id++) await w.dispatch(w.event('queued', id));
  return w;
}

async function running(): Promise<ReconcileWorld> {
  const w = await withJob();
  await w.comeUp('1-1', { busy: true });
  await w.dispatch(w.running(1, '1-1'));
  w.jobs.statusOf = () => 'in_progress';
  return w;
}

/** Each is at the moment before the run that has something to do. */
const SCENARIOS: Record<string, () => Promise<ReconcileWorld>> = {
  'a boot that is late': async () => {
    const w = await withJob();
    w.now += LATE_MS;
    return w;
  },
  'a boot that is late, without a JIT config': async () => {
    const w = await reconcileWorld([patient]);
    w.github.answers.push({ kind: 'refused', detail: '' });
    await w.dispatch(w.event('queued', 1));
    w.github.answers.push(...Array.from({ length: 40 }, () => ({ kind: 'refused', detail: '' }) as const));
    await w.drain(LATE_MS);
    w.github.answers.length = 0;
    return w;
  },
  'two at once': async () => {
    const w = await withJob(2);
    w.now += LATE_MS;
    return w;
  },
  'a spare that idled for long enough': async () => {
    const w = await withJob();
    await w.comeUp('1-1');
    await w.reconcile();
    await w.dispatch(w.done(1));
    w.now += patient.idleTimeoutMs;
    return w;
  },
  'a ghost, at the second look': async () => {
    const w = await withJob();
    await w.comeUp('1-1');
    await w.reconcile();
    await w.dispatch(w.done(1));
    w.removeRunner('1-1');
    w.now += patient.bootDeadlineMs;
    await w.reconcile();
    w.now += limits.secondLookMs;
    return w;
  },
  'an instance that outlives its job': async () => {
    const w = await running();
    await w.dispatch(w.done(1, '1-1'));
    Object.assign(w.runnerOf('1-1') as object, { busy: false });
    w.now += limits.finishGraceMs;
    return w;
  },
  'a lifetime that is over': async () => {
    const w = await running();
    w.now += patient.lifetimeMs + limits.lifetimeGraceMs;
    w.jobs.statusOf = () => 'completed';
    w.jobs.runnerOf = () => runnerNameOf(DEPLOYMENT, '1-1');
    return w;
  },
  'an instance that died unseen': async () => {
    const w = await withJob();
    await w.comeUp('1-1');
    w.fleet.instanceEnded(await w.instanceOf('1-1'), 'Server.InternalError');
    Object.assign(w.runnerOf('1-1') as object, { online: false });
    return w;
  },
  'an instance that stopped unseen': async () => {
    const w = await withJob(2);
    const stopped = await w.instanceOf('1-1');
    const list = w.deps.fleet.list;
    w.deps.fleet.list = async () => {
      const all = await list();
      return typeof all === 'string'
        ? all
        : all.map((one) => (one.id === stopped && one.state === 'pending' ? { ...one, state: 'stopped' } : one));
    };
    return w;
  },
  'a launch that nobody answers': async () => {
    const w = await reconcileWorld([patient], () => 'throttled');
    await w.dispatch(w.event('queued', 1));
    w.now += limits.launchGiveUpMs;
    return w;
  },
  'a runner left behind by a run that died': async () => {
    const w = await withJob();
    w.github.add(runnerNameOf(DEPLOYMENT, '1-1', 1));
    return w;
  },
  'a job whose runner idles beside it': async () => {
    const w = await withJob();
    await w.comeUp('1-1');
    await w.reconcile();
    w.now += limits.unmatchedMs;
    return w;
  },
  'a job of a reclaimed spot instance': async () => {
    const w = await running();
    const instanceId = await w.instanceOf('1-1');
    await w.dispatch({ kind: 'instance', instanceId, change: 'spot-warning' });
    await w.dispatch({ ...w.done(1, '1-1'), conclusion: 'failure' });
    w.removeRunner('1-1');
    return w;
  },
  'a failed webhook': async () => {
    const w = await withJob();
    w.deliveries.add(500, 'lost', w.now);
    return w;
  },
  'a job that no webhook told of': async () => {
    const w = await withJob();
    await w.reconcile();
    w.jobs.unfinished.set('acme/web queued', [w.jobs.job('2', 'queued')]);
    w.now += limits.reconcileMs;
    return w;
  },
};

/** All that must be the same in the end. When and how often things were tried may differ. */
async function endOf(w: ReconcileWorld) {
  w.life.revive();
  await w.minutes(HEAL_MINUTES);
  const attempts = [...w.table.all()].filter(({ pk }) => pk.startsWith('attempt#'));
  const jobs = [...w.table.all()].filter(({ pk }) => pk.startsWith('job#'));
  return {
    attempts: attempts.map(({ id, state, jobId }) => [id, state, jobId]).sort(),
    jobs: jobs.map(({ id, state, attemptId, failures, rerunDue }) => [id, state, attemptId, failures, rerunDue]).sort(),
    live: await w.live(),
    alive: w.alive().length,
    launched: w.fleet.instances().length,
    runners: [...w.github.runners.keys()].sort(),
    open: (await w.open()).map((marker) => marker.replace(/#\d{13}#/, '#')).sort(),
  };
}

/** Nothing is terminated while GitHub could still give its runner a job. */
function watchTerminations(w: ReconcileWorld): string[] {
  const early: string[] = [];
  const { terminate } = w.deps.fleet;
  w.deps.fleet.terminate = async (instanceId) => {
    const attempt = [...w.table.all()].find((one) => one.pk.startsWith('attempt#') && one.instanceId === instanceId);
    const isDue = attempt?.reason === 'instance-overdue' || w.logged.some(({ change }) => change === 'stopped');
    if (!isDue && attempt && w.runnerOf(String(attempt.id))) early.push(instanceId);
    return terminate(instanceId);
  };
  return early;
}

async function play(make: () => Promise<ReconcileWorld>, death?: { at: number; moment: Moment }) {
  const w = await make();
  const early = watchTerminations(w);
  if (death) w.life.dieAt(death.at, death.moment);
  await w.reconcile().catch(() => {});
  const effects = [...w.life.effects];
  const end = await endOf(w);
  return { effects, end, early };
}

describe('killed anywhere, the end is the same', () => {
  test.each(Object.entries(SCENARIOS))('%s', async (name, make) => {
    const undisturbed = await play(make);
    expect(undisturbed.effects.length).toBeGreaterThan(2);
    expect(undisturbed.early).toEqual([]);
    for (let at = 1; at <= undisturbed.effects.length; at++)
      for (const moment of ['before', 'after'] as const) {
        const { end, early } = await play(make, { at, moment });
        const where = `${name}: ${moment} ${at} ${undisturbed.effects[at - 1]}`;
        expect({ where, end, early }).toEqual({ where, end: undisturbed.end, early: [] });
      }
  });
});
