/**
 * One organisation in virtual time: GitHub, one AWS account, one or two deployments of Mayfly, jobs, and faults until
 * `faultMs`. It ends when nothing is left to do, when an invariant breaks, or when the time to heal is over.
 */

import { Account } from './account.ts';
import { SimClock } from './clock.ts';
import { Deployment } from './deployment.ts';
import { FAULT_CLASSES } from './fault-classes.ts';
import { type FaultSource, Faults, type Strike, type StrikeFault } from './faults.ts';
import type { DeploymentView, FinalView } from './final-view.ts';
import { GitHubSide } from './github-side.ts';
import { healTimeMs } from './heal.ts';
import type { Happening, HappeningAt } from './history.ts';
import { allInvariants } from './invariants/all.ts';
import type { Invariant } from './invariants/invariant.ts';
import { LateNews } from './late-news.ts';
import { drawShape, type Shape } from './shape.ts';
import { Workload } from './workload.ts';

export const START = Date.parse('2026-11-24T12:00:00Z');

export interface WorldOptions {
  readonly seed: number;
  readonly faults: FaultSource;
  /** Default: drawn by the seed. */
  readonly shape?: Shape;
  /** Called before time begins: whatever a scenario makes happen. */
  readonly script?: (world: World) => void;
  /** Watches everything that happens. */
  readonly onHappening?: (happening: HappeningAt) => void;
}

export interface Violation {
  readonly invariant: string;
  readonly atMs: number;
  readonly what: string;
}

export class World {
  readonly clock = new SimClock(START);
  readonly seed: number;
  readonly shape: Shape;
  readonly faults: Faults;
  readonly account = new Account(this.clock);
  readonly github: GitHubSide;
  readonly deployments: readonly Deployment[];
  readonly workload: Workload;
  readonly violations: Violation[] = [];
  /** How often each fault took an instance away, or lied so that one was launched in vain. */
  readonly excused: Record<string, number> = {};
  launches = 0;
  private readonly options: WorldOptions;
  private readonly invariants: Invariant[];
  private readonly lateNews = new LateNews();
  private quietRuns = 0;
  private settled = false;

  constructor(options: WorldOptions) {
    const { seed } = options;
    this.options = options;
    this.seed = seed;
    this.shape = options.shape ?? drawShape(seed);
    this.faults = new Faults(seed, options.faults);
    this.invariants = allInvariants(this.shape);
    const parts = { clock: this.clock, seed, strike: this.strike, tell: this.tell };
    this.github = new GitHubSide(parts);
    this.workload = new Workload({ ...parts, github: this.github, shape: this.shape });
    this.deployments = this.shape.deployments.map(
      (pools, deployment) =>
        new Deployment(
          {
            ...parts,
            deployment,
            github: this.github,
            account: this.account,
            jobMs: (jobId) => this.workload.jobMs(jobId),
            excuse: (why, count) => this.excuse(why, count),
            announce: (id, change) => {
              for (const one of this.deployments) one.hear(id, change);
            },
          },
          pools,
        ),
    );
    this.github.model.onChange(() => this.lookAround());
  }

  async run(): Promise<FinalView> {
    for (const deployment of this.deployments) await deployment.start();
    this.workload.start();
    this.clock.after(this.shape.faultMs, () => this.endFaults());
    this.options.script?.(this);
    const end = START + this.shape.faultMs + healTimeMs(this.shape);
    await this.clock.run(end, () => this.github.keepTicking());
    const view = this.finalView();
    if (this.violations.length === 0)
      for (const invariant of this.invariants)
        for (const what of invariant.end?.(view) ?? []) this.violate(invariant.name, what);
    return view;
  }

  /** Asked by everything that may fail. Excuses what it may cost. */
  readonly strike: StrikeFault = (fault, what) => {
    const hit = this.faults.strike(fault, what);
    if (!hit) return undefined;
    const { excuses = 0 } = FAULT_CLASSES[fault] as { excuses?: number };
    if (excuses > 0) this.excuse(fault, excuses);
    this.tell({ kind: 'fault', fault });
    return hit;
  };

  readonly excuse = (why: string, count: number): void => {
    this.excused[why] = (this.excused[why] ?? 0) + count;
  };

  readonly tell = (happening: Happening): void => {
    const at = this.clock.now;
    const happeningAt = { ...happening, at };
    this.options.onHappening?.(happeningAt);
    this.count(happening);
    const late = this.lateNews.see(happeningAt);
    if (late > 0) this.excuse('late-news', late);
    for (const invariant of this.invariants) {
      const what = invariant.see?.(happeningAt);
      if (what !== undefined) this.violate(invariant.name, what);
    }
  };

  get strikes(): readonly Strike[] {
    return this.faults.strikes;
  }

  private count(happening: Happening): void {
    const { kind } = happening;
    if (kind === 'instance' && happening.instance.state === 'pending') this.launches += 1;
    if (kind === 'instance' || kind === 'record' || kind === 'github') this.quietRuns = 0;
    if (kind === 'reconciled') this.comeToRest();
  }

  /** Two runs of every reconciler that find nothing to do, when nothing is left. */
  private comeToRest(): void {
    if (!this.isAtRest()) {
      this.quietRuns = 0;
      return;
    }
    this.quietRuns += 1;
    if (this.quietRuns <= 2 * this.deployments.length) return;
    this.settled = true;
    this.clock.stop();
  }

  private isAtRest(): boolean {
    return (
      this.faults.stopped &&
      this.github.underWay === 0 &&
      this.workload.isOver &&
      this.deployments.every((one) => one.isAtRest()) &&
      this.github.ourRunners().length === 0
    );
  }

  private violate(invariant: string, what: string): void {
    this.violations.push({ invariant, atMs: this.clock.now - START, what });
    this.clock.stop();
  }

  endFaults(): void {
    this.faults.stop();
    this.account.heal();
    this.github.heal();
    this.workload.endThefts();
    this.tell({ kind: 'faults-over' });
  }

  private lookAround(): void {
    for (const deployment of this.deployments) deployment.lookAround();
  }

  private finalView(): FinalView {
    return {
      isSettled: this.settled,
      isFaultless: this.options.faults.kind === 'none',
      atMs: this.clock.now - START,
      waitingJobs: this.workload.waiting(),
      liveInstances: [...this.account.instances.values()]
        .filter(({ state }) => state !== 'terminated')
        .map(({ id }) => id),
      runners: this.github.ourRunners(),
      deployments: this.deployments.map((one): DeploymentView => one.view()),
      jobs: this.workload.ours,
      launches: this.launches,
      excused: this.excused,
    };
  }
}
