/** Waits for the instance that takes the place of one that came to nothing, until it has a job. */
import type { WorldEvent } from '../world.ts';
import type { Cast } from './cast.ts';

/** Hand it each event from then on; it answers, once, with what happened. */
export function awaitReplacement(cast: Cast): (event: WorldEvent) => string | undefined {
  let attemptId: string | undefined;
  return (event) => {
    attemptId ??= cast.claimReplacement();
    if (attemptId === undefined || event.source !== 'github' || event.event.kind !== 'job-started') return undefined;
    const { id, runnerName = '' } = event.event.job;
    if (cast.attemptOfRunner(runnerName) !== attemptId) return undefined;
    return `replaced by ${cast.instanceOf(attemptId)}, which runs ${cast.nameOf(id)}`;
  };
}
