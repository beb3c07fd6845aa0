/**
 * How many instances a pool needs now, counted: jobs that wait, less attempts that could serve them already. Never "one
 * per event": GitHub hands a job to any matching runner, so which attempt was made for which job does not matter.
 */
import type { WaitReason } from './codes.ts';
import { limits } from './limits.ts';
import type { Attempt, Job } from './types.ts';

export interface Supply {
  /** Live attempts that no waiting job is counted against. */
  readonly spares: readonly Attempt[];
  /** Instances that the pool may still have. */
  readonly freeCapacity: number;
  /** GitHub points left in this minute. */
  readonly freePoints: number;
  /** Launch no more than this many, for this reason. */
  readonly hold?: { readonly reason: WaitReason; readonly most: number };
}

export interface Plan {
  /** The job is served by a spare. */
  readonly inherit: readonly { readonly job: Job; readonly attempt: Attempt }[];
  /** The job gets a new attempt. */
  readonly launch: readonly Job[];
  readonly wait: readonly { readonly job: Job; readonly reason: WaitReason }[];
}

/** The oldest jobs first, whatever order they come in. Spares in the order of their age. */
export function planLaunches(waiting: readonly Job[], supply: Supply): Plan {
  const jobs = [...waiting].sort((a, b) => a.createdAt - b.createdAt || compare(a.id, b.id));
  const spares = [...supply.spares].sort((a, b) => a.createdAt - b.createdAt || compare(a.id, b.id));
  const inherited = jobs.slice(0, spares.length);
  const rest = jobs.slice(spares.length);
  const affordable = Math.floor(supply.freePoints / limits.writePoints);
  const most = supply.hold?.most ?? Number.POSITIVE_INFINITY;
  const granted = Math.min(rest.length, supply.freeCapacity, affordable, most, limits.launchesPerPass);
  const reason =
    supply.hold && granted === most ? supply.hold.reason : supply.freeCapacity <= granted ? 'pool-full' : 'paced';
  return {
    inherit: inherited.map((job, position) => ({ job, attempt: spares[position] as Attempt })),
    launch: rest.slice(0, granted),
    wait: rest.slice(granted).map((job) => ({ job, reason })),
  };
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
