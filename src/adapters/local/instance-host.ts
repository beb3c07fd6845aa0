/** The local fleet's view of whatever runs its instances: a process, a systemd machine, or a simulated one. */
import type { Instance } from '../../core/ports.ts';
import type { Market, Pool } from '../../core/types.ts';

export interface LocalInstance extends Instance {
  readonly market: Market;
  readonly state: 'pending' | 'running' | 'terminated';
  readonly terminatedAt?: number;
}

/** Calls back `LocalFleet.instanceRunning(id)` and `LocalFleet.instanceEnded(id, stateReason)`. */
export interface InstanceHost {
  start(instance: LocalInstance, pool: Pool): void;
  /** TerminateInstances: ends it hard, whatever it does. */
  stop(instanceId: string): void;
}
