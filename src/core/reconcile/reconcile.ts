/**
 * Every minute: compares what stands open in the table with EC2 and GitHub, and repairs the difference. Webhooks make it
 * fast; this makes it right.
 *
 *   read what is open -> nothing, and nothing of ours out there -> one look outside, and that is all
 *   lease             -> one run at a time; overlap wastes, but never harms
 *   observe           -> records, instances, runners
 *   decide            -> actions, by phases, pure
 *   act               -> each conditional
 *   look outside      -> failed webhooks, jobs that no webhook told of
 */
import { change } from '../change.ts';
import { changeDeps } from '../dispatch/deps.ts';
import { pointKeys } from '../dispatch/plan-pool.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Job } from '../types.ts';
import { act } from './act.ts';
import { decide } from './decide.ts';
import type { ReconcileDeps, Reconciled } from './deps.ts';
import { observe } from './observe.ts';
import { type Open, readOpen } from './read-open.ts';
import { redeliver } from './redeliver.ts';
import { isAlive, type Snapshot } from './snapshot.ts';
import { dueSweeps, noteSweeps, sweep } from './sweep.ts';
import { isQuiet, takeLease, type Watch, writeWatch } from './watch.ts';

export async function reconcile(deps: ReconcileDeps): Promise<Reconciled> {
  const open = await readOpen(deps.table);
  if (open === 'unavailable') return { kind: 'failed', actions: 0 };
  if (open.markers.length === 0 && isQuiet(open.watch, deps.clock())) {
    await lookOnce(deps, open.watch);
    return { kind: 'idle', actions: 0 };
  }
  const watch = await takeLease(deps.table, open.watch, deps.runId, deps.clock());
  return watch ? work(deps, { ...open, watch }) : { kind: 'leased', actions: 0 };
}

async function work(deps: ReconcileDeps, open: Open): Promise<Reconciled> {
  const redelivered = await redeliver(deps, open.watch);
  if (!redelivered) return { kind: 'leased', actions: 0 };
  const observed = await observe(deps, open);
  if (observed === 'unavailable') {
    await release(deps, redelivered);
    return { kind: 'failed', actions: 0 };
  }
  const { snapshot, points, pages } = observed;
  const actions = await act(deps, decide(snapshot));
  const looked = withLook(redelivered, snapshot, pages);
  const swept = await lookForJobs(deps, looked, snapshot.parts.jobs, limits.sweepsPerPass);
  await countPoints(deps, points + swept.points);
  await release(deps, swept.watch);
  return { kind: 'done', actions };
}

/** With nothing open: one call to GitHub, by turns for failed webhooks and for jobs that no webhook told of. */
async function lookOnce(deps: ReconcileDeps, watch: Watch): Promise<void> {
  const isSweepsTurn = Math.floor(deps.clock() / limits.reconcileMs) % 2 === 1;
  const sweeps = isSweepsTurn ? dueSweeps(watch, deps.clock(), 1) : [];
  if (sweeps.length === 0) {
    await redeliver(deps, watch);
    return;
  }
  const { points, watch: swept } = await lookForJobs(deps, watch, [], 1);
  await countPoints(deps, points);
  await writeWatch(deps.table, swept);
}

/** What is seen of ours outside keeps the next run awake. */
function withLook(watch: Watch, { parts }: Snapshot, pages: number): Watch {
  const { now, instances, runners, markers, past } = parts;
  const isBlind = instances === undefined || parts.failures.length > 0 || (pages === 0 && parts.pools.size > 0);
  const isEmpty = markers.length === 0 && !isBlind && !instances.some(isAlive) && past.size === 0;
  return {
    ...watch,
    lookedAt: now,
    quietPasses: isEmpty ? watch.quietPasses + 1 : 0,
    ...(runners.size > 0 ? { listedAt: now, runnerPages: pages } : {}),
  };
}

async function lookForJobs(deps: ReconcileDeps, watch: Watch, jobs: readonly Job[], most: number) {
  const now = deps.clock();
  const sweeps = dueSweeps(watch, now, most);
  const points = await Promise.all(sweeps.map((one) => sweep(deps, one)));
  return { watch: noteSweeps(watch, jobs, sweeps, now), points: points.reduce((sum, one) => sum + one, 0) };
}

/** What was read is paid for afterwards: it counts, but nothing refuses it. */
async function countPoints(deps: ReconcileDeps, points: number): Promise<void> {
  if (points === 0) return;
  const { installationId } = deps;
  const keys = (ledger: Ledger) => pointKeys(installationId, ledger.now);
  await change(changeDeps(deps), keys, (ledger) => ledger.overspend(installationId, points));
}

const release = (deps: ReconcileDeps, watch: Watch) =>
  writeWatch(deps.table, { ...watch, holder: undefined, leaseUntil: undefined });
