/**
 * Performs the actions: each under the condition that it still holds, so that an overlapping run wastes but never harms.
 * What does not fit into the run, or into the minute's GitHub points, is found again by the next one.
 */
import { change } from '../change.ts';
import { changeDeps } from '../dispatch/deps.ts';
import { pointKeys } from '../dispatch/plan-pool.ts';
import type { Ledger } from '../ledger.ts';
import { limits } from '../limits.ts';
import type { Action } from './actions.ts';
import { askJob } from './acts/ask-job.ts';
import { checkRunner } from './acts/check-runner.ts';
import { deleteLeftRunner } from './acts/delete-left-runner.ts';
import { endLate } from './acts/end-late.ts';
import { expireJob } from './acts/expire-job.ts';
import { explainJob } from './acts/explain-job.ts';
import { giveUpLaunch } from './acts/give-up-launch.ts';
import { passOn } from './acts/pass-on.ts';
import { planWaiting } from './acts/plan-waiting.ts';
import { recordSighting } from './acts/record-sighting.ts';
import { recount } from './acts/recount.ts';
import { rerunJob } from './acts/rerun-job.ts';
import { terminateInstance } from './acts/terminate-instance.ts';
import { raiseAlarm } from './alarm.ts';
import type { ReconcileDeps } from './deps.ts';

/** GitHub points that an action takes, beyond what it reserves itself. */
const POINTS: Partial<Record<Action['kind'], number>> = {
  'check-runner': limits.readPoints,
  'delete-runner': limits.writePoints,
  'rerun-job': limits.writePoints,
};

const PLANS: ReadonlySet<Action['kind']> = new Set<Action['kind']>(['recount', 'plan-pool']);

/** Begins nothing after `untilMs`. Returns how many were performed. */
export async function act(deps: ReconcileDeps, actions: readonly Action[], untilMs: number): Promise<number> {
  const repairs = actions.filter(({ kind }) => !PLANS.has(kind));
  // However much is broken, pools are planned.
  const plans = actions.filter(({ kind }) => PLANS.has(kind));
  const todo = [...(await reservePoints(deps, repairs.slice(0, limits.actionsPerPass))), ...plans];
  let done = 0;
  while (done < todo.length && deps.clock() < untilMs) {
    const some = nextGroup(todo, done);
    const events = some.flatMap((action) => (action.kind === 'instance-event' ? [action.message] : []));
    if (events.length > 0) await guarded(deps, 'instance-event', () => passOn(deps, events));
    else await Promise.all(some.map((action) => guarded(deps, action.kind, () => perform(deps, action))));
    done += some.length;
  }
  return done;
}

/** Neighbours of one kind go together: what one kind finds out, the next may need. */
function nextGroup(actions: readonly Action[], from: number): readonly Action[] {
  const { kind } = actions[from] as Action;
  const most = kind === 'instance-event' ? limits.dispatchBatch : limits.actionsAtOnce;
  const group = actions.slice(from, from + most);
  const end = group.findIndex((action) => action.kind !== kind);
  return end < 0 ? group : group.slice(0, end);
}

/** A bug that one action sets off must not stop the others. */
export async function guarded(deps: ReconcileDeps, action: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    deps.log({ event: 'bug', action, error: (error as Error).stack ?? String(error) });
  }
}

async function perform(deps: ReconcileDeps, action: Action): Promise<void> {
  switch (action.kind) {
    case 'instance-event':
      return passOn(deps, [action.message]);
    case 'sighting':
      return recordSighting(deps, action.attempt, action.seen);
    case 'end-attempt':
      return endLate(deps, action.attempt, action.why);
    case 'check-runner':
      return checkRunner(deps, action.attempt);
    case 'terminate':
      return terminateInstance(deps, action);
    case 'delete-runner':
      return deleteLeftRunner(deps, action.attempt, action.runner);
    case 'ask-job':
      return askJob(deps, action.job);
    case 'explain-job':
      return explainJob(deps, action.job, action.stateReason);
    case 'expire-job':
      return expireJob(deps, action.job);
    case 'rerun-job':
      return rerunJob(deps, action.job);
    case 'give-up-launch':
      return giveUpLaunch(deps, action.launch);
    case 'recount':
      return recount(deps, action.pool, action.unbound);
    case 'plan-pool':
      return planWaiting(deps, action.pool);
    case 'alarm':
      return raiseAlarm(deps.log, action.fault, { detail: action.detail });
  }
}

/** Those that half of the minute's points allow: the other half is for registrations. */
async function reservePoints(deps: ReconcileDeps, actions: readonly Action[]): Promise<readonly Action[]> {
  if (actions.every(({ kind }) => POINTS[kind] === undefined)) return actions;
  const { installationId } = deps;
  const keys = (ledger: Ledger) => pointKeys(installationId, ledger.now);
  const reserved = await change(changeDeps(deps), keys, (ledger) => {
    const before = Math.min(ledger.freePoints(installationId), limits.pointsPerMinute / 2);
    let free = before;
    const affordable = actions.filter(({ kind }) => {
      const points = POINTS[kind] ?? 0;
      if (points > free) return false;
      free -= points;
      return true;
    });
    ledger.spend(installationId, before - free);
    return affordable;
  });
  return reserved.kind === 'ok' ? reserved.result : actions.filter(({ kind }) => POINTS[kind] === undefined);
}
