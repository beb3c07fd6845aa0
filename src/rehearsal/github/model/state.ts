import { createHash } from 'node:crypto';
import { clocks } from './clocks.ts';
import { DeadlineQueue } from './deadline-queue.ts';
import type { Bucket } from './rate-limits.ts';
import type {
  Delivery,
  Hook,
  JobRecord,
  ModelEvent,
  ModelOptions,
  RepositoryRecord,
  RunnerGroup,
  RunnerRecord,
  RunRecord,
} from './types.ts';

/** All that the model remembers. Only the files of this folder change it. */
export interface GitHubState {
  readonly options: ModelOptions;
  readonly startedAt: number;
  origin: string;
  hook?: Hook;
  readonly counters: Map<string, number>;
  /** By full name, lower case. */
  readonly repositories: Map<string, RepositoryRecord>;
  readonly groups: Map<number, RunnerGroup>;
  readonly runners: Map<number, RunnerRecord>;
  /** By `nameKey`. */
  readonly runnersByName: Map<string, RunnerRecord>;
  readonly runnersByClientId: Map<string, RunnerRecord>;
  readonly sessions: Map<string, RunnerRecord>;
  readonly runs: Map<number, RunRecord>;
  readonly jobs: Map<number, JobRecord>;
  /** Queued and not assigned, in the order in which runners are sought for them. */
  readonly waiting: Set<JobRecord>;
  /** Online without a job, the longest first. */
  readonly idle: Set<RunnerRecord>;
  readonly due: {
    readonly acquire: DeadlineQueue<JobRecord>;
    readonly queue: DeadlineQueue<JobRecord>;
    readonly lock: DeadlineQueue<JobRecord>;
    readonly silence: DeadlineQueue<RunnerRecord>;
    readonly reap: DeadlineQueue<RunnerRecord>;
    readonly delivery: DeadlineQueue<Delivery>;
  };
  readonly deliveries: Map<number, Delivery>;
  unsent: Delivery[];
  /** Installation token -> when it expires. */
  readonly tokens: Map<string, number>;
  readonly buckets: Map<string, Bucket>;
  /** Parts of event payloads that never change, made once. */
  readonly payloadParts: Map<RepositoryRecord, object>;
  /** What happened and was not told to the listeners yet. */
  events: ModelEvent[];
  /** Whether something changed that a long poll may wait for. */
  changed: boolean;
}

export const now = (state: GitHubState) => state.options.clock();

export function newState(options: ModelOptions): GitHubState {
  const everyone: RunnerGroup = {
    id: 1,
    name: 'Default',
    visibility: 'all',
    selectedRepositories: [],
    allowsPublicRepositories: false,
  };
  return {
    options,
    startedAt: options.clock(),
    origin: options.origin ?? 'http://127.0.0.1',
    hook: options.hook,
    // Ids of runs, jobs and deliveries are far above 2^32, as GitHub's are.
    counters: new Map([
      ['run', 19_400_000_000],
      ['job', 55_200_000_000],
      ['delivery', 171_000_000_000],
      ['repository', 812_000_000],
      ['group', 1],
      ['runner', 20],
    ]),
    repositories: new Map(),
    groups: new Map([[everyone.id, everyone]]),
    runners: new Map(),
    runnersByName: new Map(),
    runnersByClientId: new Map(),
    sessions: new Map(),
    runs: new Map(),
    jobs: new Map(),
    waiting: new Set(),
    idle: new Set(),
    due: {
      acquire: new DeadlineQueue(clocks.acquireMs),
      queue: new DeadlineQueue(clocks.queueMs),
      lock: new DeadlineQueue(clocks.lockMs),
      silence: new DeadlineQueue(clocks.silenceMs),
      reap: new DeadlineQueue(clocks.reapMs),
      delivery: new DeadlineQueue(clocks.deliveryMs),
    },
    deliveries: new Map(),
    unsent: [],
    tokens: new Map(),
    buckets: new Map(),
    payloadParts: new Map(),
    events: [],
    changed: false,
  };
}

/** The next id of that kind. */
export function nextId(state: GitHubState, kind: string): number {
  const id = (state.counters.get(kind) ?? 0) + 1;
  state.counters.set(kind, id);
  return id;
}

/** Text of 64 hexadecimal digits that nobody can guess without the seed, and that is the same in every run with it. */
export function nextSecret(state: GitHubState, kind: string): string {
  return createHash('sha256')
    .update(`${state.options.seed}:${kind}:${nextId(state, `secret-${kind}`)}`)
    .digest('hex');
}

export function nextGuid(state: GitHubState, kind: string): string {
  const hex = nextSecret(state, kind);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
