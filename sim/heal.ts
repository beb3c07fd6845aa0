/** How long a world gets after its last fault, until all work is done and nothing is left. */
import { healMs } from '../src/core/limits.ts';
import type { Shape } from './shape.ts';

/** The longest that a job runs where its shape does not say. */
export const LONGEST_JOB_MS = 300_000;

/** What the core promises, and a job that runs longer than usual to its end. */
export function healTimeMs({ deployments, work }: Shape): number {
  const backlog = work.reduce((sum, { jobs }) => sum + jobs, 0);
  const longestMs = Math.max(0, ...work.map(({ runMs = 0 }) => runMs));
  return Math.max(...deployments.flat().map((pool) => healMs(pool, backlog))) + longestMs;
}
