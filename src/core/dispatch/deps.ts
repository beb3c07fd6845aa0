/** What dispatch works with: the ports, and the pools of this deployment. */
import type { ChangeDeps } from '../change.ts';
import type { Clock, Fleet, GitHub, GitHubJobs, Log, Mailbox, Queue, Table } from '../ports.ts';
import type { Pool } from '../types.ts';

export interface DispatchDeps {
  readonly deploymentId: string;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly table: Table;
  readonly queue: Queue;
  readonly mailbox: Mailbox;
  readonly fleet: Fleet;
  readonly github: GitHub;
  readonly jobs: GitHubJobs;
  readonly clock: Clock;
  readonly log: Log;
}

export const changeDeps = (deps: DispatchDeps): ChangeDeps => ({
  table: deps.table,
  clock: deps.clock,
  maxRunnersOf: (pool) => deps.pools.get(pool)?.maxRunners ?? 0,
});
