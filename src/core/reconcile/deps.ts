/** What the reconciler works with: all that dispatch has, and what only looks. */
import type { DispatchDeps } from '../dispatch/deps.ts';
import type { Deliveries } from '../ports.ts';

export interface ReconcileDeps extends DispatchDeps {
  readonly deliveries: Deliveries;
  /** Tells this run from every other: it holds the lease under this name. */
  readonly runId: string;
  /** The App's installation on the owner. */
  readonly installationId: number;
  /**
   * Raises an alarm for online runners that are not ours and could take our jobs, but for these names; `*` stands for any
   * text. Absent: no alarm, since most organisations have other runners.
   */
  readonly allowedForeignRunners?: readonly string[];
}

export interface Reconciled {
  /**
   * `idle`: nothing stands open. `leased`: another run is at it. `failed`: the table did not answer; the next run sees to it.
   */
  readonly kind: 'idle' | 'done' | 'leased' | 'failed';
  /** How many things it did. */
  readonly actions: number;
}
