/**
 * EC2's instant fleets in memory. Instances are run by an `InstanceHost`; an instance is `terminated` when its host says
 * that it ended, also after `terminate`. `instances()` has all that ever were, so that nothing is left unseen.
 */

import { overridesOf } from '../../core/overrides.ts';
import type { Clock, Fleet, Instance, LaunchOutcome } from '../../core/ports.ts';
import type { Launch, Override, Pool } from '../../core/types.ts';
import type { InstanceHost, LocalInstance } from './instance-host.ts';

/**
 * What a launch finds: capacity for so many instances, or a fault. `exhausted`: the choices that had none, told unless the
 * launch was filled. `unknown`: all are launched, but the answer is lost, so that only a replay finds them.
 */
export type Capacity =
  | number
  | { readonly instances: number; readonly exhausted: readonly Override[] }
  | 'throttled'
  | 'misconfigured'
  | 'unknown';

export interface LocalFleetOptions {
  readonly clock: Clock;
  readonly host: InstanceHost;
  /** Asked for each new launch that has a choice left, not for replays. Default: there is capacity for everything. */
  readonly capacity?: (launch: Launch) => Capacity;
  /** Added to the numbers in instance ids, for several fleets in one account. Default: 0. */
  readonly idsFrom?: number;
}

/** EC2 shows an ended instance for about an hour. */
const SHOWN_MS = 3_600_000;
/** EC2's word for "TerminateInstances was called". */
const BY_REQUEST = 'Client.UserInitiatedShutdown';

interface Answered {
  readonly parameters: string;
  readonly outcome: LaunchOutcome;
}

export class LocalFleet implements Fleet {
  readonly #options: LocalFleetOptions;
  readonly #answers = new Map<string, Answered>();
  readonly #instances = new Map<string, LocalInstance>();
  readonly #stopping = new Set<string>();
  readonly #listeners = new Set<(instance: LocalInstance) => void>();

  constructor(options: LocalFleetOptions) {
    this.#options = options;
  }

  async launch(launch: Launch, pool: Pool): Promise<LaunchOutcome> {
    const parameters = parametersOf(launch);
    const answered = this.#answers.get(launch.id);
    if (answered !== undefined) return this.#replay(answered, parameters);

    const capacity = this.#capacityFor(launch);
    if (capacity === 'throttled') return { kind: 'throttled', detail: 'RequestLimitExceeded' };
    if (capacity === 'misconfigured') return { kind: 'misconfigured', detail: 'UnauthorizedOperation' };

    const found = capacity === 'unknown' ? Number.POSITIVE_INFINITY : capacity;
    const { instances, exhausted } = typeof found === 'number' ? { instances: found, exhausted: [] } : found;
    const outcome = this.#start(launch, pool, instances, exhausted);
    this.#answers.set(launch.id, { parameters, outcome });
    return capacity === 'unknown' ? { kind: 'unknown', detail: 'the reply was lost' } : outcome;
  }

  async terminate(instanceId: string): Promise<'ok' | 'not-ours'> {
    const instance = this.#instances.get(instanceId);
    if (instance === undefined) return 'not-ours';
    if (instance.state !== 'terminated' && !this.#stopping.has(instanceId)) {
      this.#stopping.add(instanceId);
      this.#options.host.stop(instanceId);
    }
    return 'ok';
  }

  /** By the host: the instance runs. */
  instanceRunning(instanceId: string): void {
    const instance = this.#instances.get(instanceId);
    if (instance?.state === 'pending') this.#change({ ...instance, state: 'running' });
  }

  /** By the host: the instance is gone. `stateReason` yields to EC2's own where `terminate` ended it. */
  instanceEnded(instanceId: string, stateReason: string): void {
    const instance = this.#instances.get(instanceId);
    if (instance === undefined || instance.state === 'terminated') return;
    const reason = this.#stopping.delete(instanceId) ? BY_REQUEST : stateReason;
    this.#change({ ...instance, state: 'terminated', terminatedAt: this.#options.clock(), stateReason: reason });
  }

  async list(): Promise<readonly Instance[]> {
    const since = this.#options.clock() - SHOWN_MS;
    return this.instances()
      .filter(({ terminatedAt }) => terminatedAt === undefined || terminatedAt >= since)
      .map((one) => (this.#stopping.has(one.id) ? { ...one, state: 'shutting-down', stateReason: BY_REQUEST } : one));
  }

  /** All instances that ever were, in the order of their launch. */
  instances(): readonly LocalInstance[] {
    return [...this.#instances.values()];
  }

  /** Calls back with an instance when it is new and when its state changed. Returns how to stop that. */
  onChange(listener: (instance: LocalInstance) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #replay({ parameters, outcome }: Answered, now: string): LaunchOutcome {
    if (parameters !== now) return { kind: 'over', detail: 'IdempotentParameterMismatch' };
    const gone = (id: string) => this.#instances.get(id)?.state === 'terminated';
    if (outcome.kind === 'ok' && outcome.instanceIds.every(gone))
      return { kind: 'over', detail: 'IdempotentInstanceTerminated' };
    return outcome;
  }

  #capacityFor(launch: Launch): Capacity {
    if (overridesOf(launch.fleet).length === 0) return 0;
    return this.#options.capacity?.(launch) ?? Number.POSITIVE_INFINITY;
  }

  #start(launch: Launch, pool: Pool, capacity: number, exhausted: readonly Override[]): LaunchOutcome {
    const wanted = launch.attemptIds.length;
    const told = capacity < wanted && exhausted.length > 0 ? { exhausted } : {};
    if (capacity < 1) return { kind: 'no-capacity', detail: 'InsufficientInstanceCapacity', ...told };
    const started = Array.from({ length: Math.min(capacity, wanted) }, () => this.#create(launch));
    for (const instance of started) this.#options.host.start(instance, pool);
    return { kind: 'ok', instanceIds: started.map(({ id }) => id), ...told };
  }

  #create(launch: Launch): LocalInstance {
    const instance: LocalInstance = {
      id: `i-${((this.#options.idsFrom ?? 0) + this.#instances.size + 1).toString(16).padStart(17, '0')}`,
      launchId: launch.id,
      pool: launch.pool,
      market: launch.market,
      state: 'pending',
      launchedAt: this.#options.clock(),
    };
    this.#change(instance);
    return instance;
  }

  #change(instance: LocalInstance): void {
    this.#instances.set(instance.id, instance);
    for (const listener of this.#listeners) listener(instance);
  }
}

/** What the fleet request consists of, without its token: a replay must repeat it. */
const parametersOf = ({ pool, market, launchTemplate, fleet, attemptIds }: Launch) =>
  JSON.stringify([pool, market, launchTemplate, fleet, attemptIds.length]);
