/** How long a world gets after its last fault, until all work is done and nothing is left. */
import { healMs } from '../src/core/limits.ts';
import { clocks } from '../src/rehearsal/github/model/clocks.ts';
import type { Shape } from './shape.ts';

/** The longest that a job runs where its shape does not say. */
export const LONGEST_JOB_MS = 300_000;

/** A deployment in mid-flight may leave a pool this few runners. */
const FEWEST_RUNNERS = 2;

/** Worlds with more jobs have no deployments. */
const MOST_SMALL = 20;

/** To repair everything, then to run what waits, one job after the other where runners are few. */
export function healTimeMs({ deployments, work }: Shape): number {
  const backlog = work.reduce((sum, { jobs }) => sum + jobs, 0);
  const longestMs = Math.max(0, ...work.map(({ runMs }) => runMs ?? LONGEST_JOB_MS));
  const perPool = deployments.flat().map((pool) => {
    // A large pool has room for all of them, unless a deployment took it.
    const runners = backlog <= MOST_SMALL ? Math.min(pool.maxRunners, FEWEST_RUNNERS) : pool.maxRunners;
    return healMs(pool, backlog) + Math.ceil(backlog / runners) * longestMs;
  });
  // GitHub fails a job whose runner died after so long.
  return Math.max(...perPool) + clocks.lockMs;
}
