/** N jobs at once: how fast they are placed within GitHub's limits. */
import type { HappeningAt } from './history.ts';
import { runWorld } from './run.ts';
import { LABELS, REPOSITORIES, simPool } from './shape.ts';
import { START, type Violation } from './world.ts';

const MINUTE = 60_000;
/** GitHub allows 256 jobs in a matrix, and many runs. */
const JOBS_PER_RUN = 256;

export interface Burst {
  /** By minute from the burst on. */
  readonly curve: readonly BurstMinute[];
  /** Until the last JIT config was made. */
  readonly placedMs: number;
  /** Until the last job started. */
  readonly startedMs: number;
  /** The longest that an instance waited for its letter, from its launch. */
  readonly longestWaitMs: number;
  readonly bootDeadlineMs: number;
  readonly launches: number;
  /** Calls that GitHub refused for its limits. */
  readonly githubLimited: number;
  readonly violations: readonly Violation[];
}

export interface BurstMinute {
  readonly launched: number;
  readonly registered: number;
  readonly started: number;
  readonly done: number;
}

export async function runBurst(jobs: number, seed = 1): Promise<Burst> {
  const pool = simPool({ maxRunners: jobs, bootDeadlineMs: 5 * MINUTE });
  const work = Array.from({ length: Math.ceil(jobs / JOBS_PER_RUN) }, (_, run) => ({
    atMs: 0,
    repository: REPOSITORIES[run % 2] as string,
    labels: LABELS,
    jobs: Math.min(JOBS_PER_RUN, jobs - run * JOBS_PER_RUN),
  }));
  const watch = new Watch();
  const { view, violations } = await runWorld({
    seed,
    faults: { kind: 'none' },
    shape: { deployments: [[pool]], work, faultMs: 0 },
    onHappening: (happening) => watch.see(happening),
  });
  const { curve, placedMs, startedMs, longestWaitMs, githubLimited } = watch;
  const { launches } = view;
  const { bootDeadlineMs } = pool;
  return { curve, placedMs, startedMs, longestWaitMs, bootDeadlineMs, launches, githubLimited, violations };
}

class Watch {
  readonly curve: { launched: number; registered: number; started: number; done: number }[] = [];
  placedMs = 0;
  startedMs = 0;
  longestWaitMs = 0;
  githubLimited = 0;
  private readonly launchedAt = new Map<string, number>();

  see(happening: HappeningAt): void {
    const ms = happening.at - START;
    if (happening.kind === 'instance') this.seeInstance(happening.instance, ms);
    if (happening.kind === 'letter-taken') this.seeLetter(happening.instanceId, ms);
    if (happening.kind === 'github-limited') this.githubLimited += 1;
    if (happening.kind === 'github') this.seeGitHub(happening.event.kind, ms);
  }

  private seeInstance({ id, state }: { readonly id: string; readonly state: string }, ms: number): void {
    if (state !== 'pending') return;
    this.minute(ms).launched += 1;
    this.launchedAt.set(id, ms);
  }

  private seeLetter(instanceId: string, ms: number): void {
    this.longestWaitMs = Math.max(this.longestWaitMs, ms - (this.launchedAt.get(instanceId) ?? ms));
  }

  private seeGitHub(kind: string, ms: number): void {
    if (kind === 'runner-registered') {
      this.minute(ms).registered += 1;
      this.placedMs = ms;
    } else if (kind === 'job-started') {
      this.minute(ms).started += 1;
      this.startedMs = ms;
    } else if (kind === 'job-completed') {
      this.minute(ms).done += 1;
    }
  }

  private minute(ms: number) {
    const nth = Math.floor(ms / MINUTE);
    while (this.curve.length <= nth) this.curve.push({ launched: 0, registered: 0, started: 0, done: 0 });
    return this.curve[nth] as (typeof this.curve)[number];
  }
}
