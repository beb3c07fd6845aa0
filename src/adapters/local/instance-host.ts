/** The local fleet's view of whatever runs its instances: a process, a systemd machine, or a simulated one. */
import type { Pool } from '../../core/types.ts';

export interface LocalInstance {
  readonly id: string;
  readonly launchId: string;
  readonly pool: string;
  readonly market: 'spot' | 'on-demand';
  readonly state: 'pending' | 'running' | 'terminated';
  readonly launchedAt: number;
  readonly terminatedAt?: number;
  /** As EC2's `StateReason.Code`: Client.InstanceInitiatedShutdown, Client.UserInitiatedShutdown, ... */
  readonly stateReason?: string;
}

/** Calls back `LocalFleet.instanceRunning(id)` and `LocalFleet.instanceEnded(id, stateReason)`. */
export interface InstanceHost {
  start(instance: LocalInstance, pool: Pool): void;
  /** TerminateInstances: ends it hard, whatever it does. */
  stop(instanceId: string): void;
}
