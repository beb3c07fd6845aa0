/** What a world consists of: deployments, pools, jobs. The default one is drawn by the seed. */
import type { Pool } from '../src/core/types.ts';
import { ORGANIZATION } from './github-side.ts';
import { Rng } from './rng.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Some jobs of one run, queued at the same time. */
export interface Work {
  readonly atMs: number;
  /** "owner/name". */
  readonly repository: string;
  readonly labels: readonly string[];
  readonly jobs: number;
  /** How long each runs. Default: drawn. */
  readonly runMs?: number;
}

export interface Shape {
  /** Pools of each deployment. */
  readonly deployments: readonly (readonly Pool[])[];
  readonly work: readonly Work[];
  /** Until when faults strike. */
  readonly faultMs: number;
}

export const REPOSITORIES = [`${ORGANIZATION}/web`, `${ORGANIZATION}/api`] as const;
/** Its jobs are not ours, but our runners may take them. */
export const THIEF = `${ORGANIZATION}/thief`;
export const LABELS = ['self-hosted', 'linux'] as const;
/** None of the labels of another pool are enough for these: else its runners would take their jobs. */
const SPOT_LABELS = ['self-hosted', 'spot'] as const;
const SIBLING_LABELS = ['self-hosted', 'sibling'] as const;

export const simPool = (more: Partial<Pool> = {}): Pool => ({
  name: 'linux',
  labels: ['self-hosted', 'linux', 'x64'],
  priority: 1,
  allowedRepositories: REPOSITORIES,
  publicRepositories: false,
  platform: 'linux-x64',
  scope: { kind: 'organization', organization: ORGANIZATION },
  runnerGroupId: 1,
  fleet: {
    instanceTypes: ['m7i.large', 'm7a.large'],
    subnetIds: ['subnet-1', 'subnet-2'],
    spotAllocation: 'price-capacity-optimized',
    onDemandAllocation: 'lowest-price',
  },
  market: 'on-demand',
  onDemandFallback: false,
  launchTemplate: { id: 'lt-1', version: '1' },
  roleId: 'AROASIM',
  maxRunners: 20,
  idleTimeoutMs: 2 * MINUTE,
  bootDeadlineMs: 3 * MINUTE,
  lifetimeMs: 40 * MINUTE,
  rerunReclaimed: false,
  ...more,
});

const spotPool = (rng: Rng) =>
  simPool({
    name: 'spot',
    labels: [...SPOT_LABELS, 'x64'],
    market: 'spot',
    onDemandFallback: rng.chance(0.7),
    rerunReclaimed: rng.chance(0.3),
    maxRunners: rng.pick([3, 20]),
  });

const siblingPool = () => simPool({ name: 'linux', labels: [...SIBLING_LABELS, 'x64'], roleId: 'AROASIBLING' });

/** What a caller fixes of a drawn world. */
export interface ShapeLimits {
  /** Default: 4 to 10. */
  readonly jobs?: number;
  /** How long faults last, and jobs come but for the last two minutes. Default: 10. */
  readonly minutes?: number;
}

export function drawShape(seed: number, given: ShapeLimits = {}): Shape {
  const rng = Rng.of(seed, 'shape');
  const hasSpot = rng.chance(0.5);
  const hasSibling = rng.chance(0.15);
  const first = [simPool({ maxRunners: rng.pick([2, 4, 20]) }), ...(hasSpot ? [spotPool(rng)] : [])];
  const faultMs = (given.minutes ?? 10) * MINUTE;
  const labels = [LABELS, ...(hasSpot ? [SPOT_LABELS, SPOT_LABELS] : []), ...(hasSibling ? [SIBLING_LABELS] : [])];
  const work: Work[] = [];
  const drawn = rng.int(4, 10);
  const jobs = given.jobs ?? drawn;
  for (let left = jobs; left > 0; ) {
    const count = Math.min(left, rng.pick([1, 1, 2, 3, 5]));
    left -= count;
    const repository = rng.pick(REPOSITORIES);
    work.push({
      atMs: rng.between(0, Math.max(MINUTE, faultMs - 2 * MINUTE)),
      repository,
      labels: rng.pick(labels),
      jobs: count,
    });
  }
  return { deployments: [first, ...(hasSibling ? [[siblingPool()]] : [])], work, faultMs };
}
