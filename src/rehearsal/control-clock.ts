/**
 * The clock of the control plane: table, queue, dispatch, reconciler, and when the fleet says that it launched. With
 * faults it runs faster than the wall clock, so that limits of minutes are over in seconds. GitHub and the instances
 * stay on the wall clock.
 *
 *   wall clock        GitHub, its tokens     instances: boot, job, idle time, lifetime
 *   control plane     launch ... boot deadline of the pool, stretched: over at the same moment for both
 */
import type { Clock } from '../core/ports.ts';
import type { Pool } from '../core/types.ts';

export interface ControlTime {
  readonly clock: Clock;
  /** Times the wall clock. */
  readonly speed: number;
  /** A pool as the control plane has it: what passes on its instances takes as long as it does there. */
  stretch(pool: Pool): Pool;
}

export function controlTime(speed: number): ControlTime {
  const startedAt = Date.now();
  return {
    clock: () => startedAt + (Date.now() - startedAt) * speed,
    speed,
    stretch: (pool) => ({
      ...pool,
      idleTimeoutMs: pool.idleTimeoutMs * speed,
      bootDeadlineMs: pool.bootDeadlineMs * speed,
      lifetimeMs: pool.lifetimeMs * speed,
    }),
  };
}
