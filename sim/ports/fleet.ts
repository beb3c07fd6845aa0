/** EC2 as the control plane sees it, with failures: throttling, holes in capacity, lost answers, late and stale lists. */
import type { Capacity, LocalFleet } from '../../src/adapters/local/fleet.ts';
import { overridesOf } from '../../src/core/overrides.ts';
import type { Fleet, Instance, LaunchOutcome } from '../../src/core/ports.ts';
import type { Launch, Pool } from '../../src/core/types.ts';
import type { Account } from '../account.ts';
import type { KillExcuse, RunnerTruth } from '../history.ts';
import { type CallTime, effect, type PortContext, read } from './call.ts';

const LAUNCH_TIME: CallTime = { fromMs: 300, toMs: 2_000 };
const TIME: CallTime = { fromMs: 50, toMs: 300 };
const LAG_MS = 90_000;
const STALE_MS = 180_000;

/** What the port must know of the deployment's part of the account. */
export interface FleetParts {
  readonly fleet: LocalFleet;
  readonly account: Account;
  /** What the next new launch finds. */
  readonly setCapacity: (capacity: Capacity) => void;
  /** How things stand with an instance, at the moment when it is terminated. */
  readonly truthOf: (instanceId: string) => { readonly runner: RunnerTruth; readonly excuse: KillExcuse | undefined };
}

export function fleetPort(context: PortContext, parts: FleetParts): Fleet {
  return {
    launch: (wanted, pool) => effect(context, LAUNCH_TIME, () => launch(context, parts, wanted, pool)),
    terminate: (instanceId) => effect(context, TIME, () => terminate(context, parts, instanceId)),
    list: () => read(context, TIME, () => list(context, parts)),
  };
}

async function launch(context: PortContext, parts: FleetParts, wanted: Launch, pool: Pool): Promise<LaunchOutcome> {
  const { strike, tell, deployment } = context;
  const { account } = parts;
  if (strike('launch-throttled')) return { kind: 'throttled', detail: 'RequestLimitExceeded' };
  if (strike('launch-lost')) return { kind: 'unknown', detail: 'no answer' };
  if (strike('launch-misconfigured')) account.takePermissionAway();
  const choices = overridesOf(wanted.fleet);
  const hole = strike('capacity-hole');
  if (hole && choices.length > 0) account.digHole(choices, hole);
  parts.setCapacity(capacityFor(context, account, wanted));
  const answer = await parts.fleet.launch(wanted, pool);
  const detail = 'detail' in answer ? answer.detail : undefined;
  tell({ kind: 'fleet-answer', deployment, launchId: wanted.id, outcome: answer.kind, detail });
  return answer;
}

function capacityFor({ strike }: PortContext, account: Account, wanted: Launch): Capacity {
  if (account.isMisconfigured) return 'misconfigured';
  const choices = overridesOf(wanted.fleet);
  const exhausted = account.exhausted(choices);
  if (exhausted.length === choices.length) return { instances: 0, exhausted };
  const partial = strike('launch-partial');
  const count = wanted.attemptIds.length;
  if (partial) return { instances: Math.floor(partial.between(0, count)), exhausted };
  return strike('launch-lost-reply') ? 'unknown' : { instances: count, exhausted };
}

async function terminate({ strike, tell, deployment }: PortContext, parts: FleetParts, instanceId: string) {
  if (strike('terminate-unavailable')) return 'unavailable' as const;
  if (strike('terminate-throttled')) return 'throttled' as const;
  const truth = parts.truthOf(instanceId);
  const outcome = await parts.fleet.terminate(instanceId);
  tell({ kind: 'terminate', deployment, instanceId, ...truth, outcome });
  return strike('terminate-lost-reply') ? ('unavailable' as const) : outcome;
}

async function list(context: PortContext, { fleet, account }: FleetParts) {
  const { strike, clock, tell, deployment, invocation } = context;
  tell({ kind: 'instances-listed', deployment, role: invocation.role });
  if (strike('instances-throttled')) return 'throttled' as const;
  const stale = strike('instances-stale');
  const asOf = stale ? clock.now - stale.between(1_000, STALE_MS) : clock.now;
  const listed: Instance[] = [];
  for (const instance of await fleet.list()) {
    const state = stateOf(account, instance, asOf);
    const lag = clock.now - account.timeline.bornAt(instance.id) < LAG_MS ? strike('instances-unlisted') : undefined;
    if (state && !lag)
      listed.push(state === instance.state ? instance : { ...instance, state, stateReason: undefined });
  }
  return listed;
}

/** As it was then; EC2's own answer otherwise, but for a stopped one, which the local fleet does not know. */
function stateOf(account: Account, instance: Instance, asOf: number): Instance['state'] | undefined {
  const then = account.timeline.stateAt(instance.id, asOf);
  const isNow = then === account.timeline.latest(instance.id);
  return isNow && then !== 'stopped' ? instance.state : then;
}
