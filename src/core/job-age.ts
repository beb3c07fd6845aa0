/** How long GitHub keeps a job that waits. Beyond, nothing is launched for it. */
import { limits } from './limits.ts';
import type { Job } from './types.ts';

/** A job that waits for a runner is cancelled after a day, one that is held after 30. */
export function isExpired({ state, createdAt, wantedAt = createdAt }: Job, now: number): boolean {
  return state === 'HELD' ? now - createdAt > limits.heldJobMs : now - wantedAt > limits.jobAgeMs;
}
