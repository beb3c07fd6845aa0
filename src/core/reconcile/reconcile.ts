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
import { act, guarded } from './act.ts';
import { decide } from './decide.ts';
import type { ReconcileDeps, Reconciled } from './deps.ts';
import { observe } from './observe.ts';
import { type Open, readOpen } from './read-open.ts';
import { redeliver } from './redeliver.ts';
import { rememberPools, withRetiredPools } from './retired-pools.ts';
import { isAlive, type Snapshot } from './snapshot.ts';
import { dueSweeps, forgetRepositories, isSearchTurn, noteRepositories, noteSweeps, sweep } from './sweep.ts';
import { isQuiet, takeLease, type Watch, writeWatch } from './watch.ts';

export async function reconcile(deps: ReconcileDeps): Promise<Reconciled> {
  const untilMs = deps.clock() + limits.reconcileWorkMs;
  const open = await readOpen(deps.table);
  if (open === 'unavailable') return { kind: 'failed', actions: 0 };
  if (open.markers.length === 0 && isQuiet(open.watch, deps.clock())) {
    await lookOnce(deps, open.watch);
    return { kind: 'idle', actions: 0 };
  }
  const watch = await takeLease(deps.table, open.watch, deps.runId, deps.clock());
  return watch ? work(deps, { ...open, watch }, untilMs) : { kind: 'leased', actions: 0 };
}

/** Begins nothing after `untilMs`, and gives the lease back whatever happens. */
async function work(deps: ReconcileDeps, open: Open, untilMs: number): Promise<Reconciled> {
  let { watch } = open;
  let result: Reconciled = { kind: 'failed', actions: 0 };
  await guarded(deps, 'repair', async () => {
    const repaired = await repair(deps, open, untilMs);
    if (!repaired) return;
    watch = repaired.watch;
    result = { kind: 'done', actions: repaired.actions };
  });
  await guarded(deps, 'look', async () => {
    watch = await lookOutside(deps, watch, untilMs);
  });
  await writeWatch(deps.table, { ...watch, holder: undefined, leaseUntil: undefined });
  return result;
}

async function repair(today: ReconcileDeps, open: Open, untilMs: number) {
  const deps = await withRetiredPools(today, open);
  const observed = await observe(deps, open);
  if (observed === 'unavailable') return undefined;
  const { snapshot, points, pages } = observed;
  const actions = await act(deps, decide(snapshot), untilMs);
  await countPoints(deps, points);
  await rememberPools(deps.table, today.pools);
  await forgetRepositories(deps.table, open.recent, deps.clock());
  const looked = withLook(open.watch, snapshot, pages);
  return { actions, watch: noteRepositories(looked, open.recent, deps.clock()) };
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

/** Failed webhooks, then jobs that no webhook told of. */
async function lookOutside(deps: ReconcileDeps, watch: Watch, untilMs: number): Promise<Watch> {
  const isTurn = isSearchTurn(watch, deps.clock());
  if (deps.clock() >= untilMs) return watch;
  const redelivered = (await redeliver(deps, watch, limits.deliveryPages, untilMs)) ?? watch;
  return isTurn && deps.clock() < untilMs ? searchOnce(deps, redelivered) : redelivered;
}

/** With nothing open: one call to GitHub, by turns for failed webhooks and for jobs that no webhook told of. */
async function lookOnce(deps: ReconcileDeps, watch: Watch): Promise<void> {
  const isSweepsTurn = Math.floor(deps.clock() / limits.reconcileMs) % 2 === 1;
  const isSweepDue = isSweepsTurn && dueSweeps(watch, deps.clock()).length > 0;
  if (!isSweepDue) await redeliver(deps, watch, 1, Number.POSITIVE_INFINITY);
  else await writeWatch(deps.table, await searchOnce(deps, watch));
}

/** The search that is due for the longest. */
async function searchOnce(deps: ReconcileDeps, watch: Watch): Promise<Watch> {
  const now = deps.clock();
  const [due] = dueSweeps(watch, now);
  if (!due) return watch;
  await guarded(deps, 'sweep', async () => countPoints(deps, await sweep(deps, due)));
  return noteSweeps(watch, due, now);
}

/** What was read is paid for afterwards: it counts, but nothing refuses it. */
async function countPoints(deps: ReconcileDeps, points: number): Promise<void> {
  if (points === 0) return;
  const { installationId } = deps;
  const keys = (ledger: Ledger) => pointKeys(installationId, ledger.now);
  await change(changeDeps(deps), keys, (ledger) => ledger.overspend(installationId, points));
}
