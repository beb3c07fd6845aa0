/** The jobs of a world: queued, cancelled, stolen, and how long they run. */
import type { SimClock } from './clock.ts';
import type { StrikeFault } from './faults.ts';
import type { GitHubSide } from './github-side.ts';
import { ORGANIZATION } from './github-side.ts';
import { LONGEST_JOB_MS } from './heal.ts';
import type { Happening } from './history.ts';
import { lightRun } from './light-run.ts';
import { Rng } from './rng.ts';
import { LABELS, REPOSITORIES, type Shape, THIEF, type Work } from './shape.ts';

export interface WorkloadWorld {
  readonly clock: SimClock;
  readonly seed: number;
  readonly github: GitHubSide;
  readonly shape: Shape;
  readonly strike: StrikeFault;
  readonly tell: (happening: Happening) => void;
}

const SCOPE = { kind: 'organization', organization: ORGANIZATION } as const;

export class Workload {
  /** Jobs of ours that were queued. */
  ours = 0;
  private readonly world: WorkloadWorld;
  private readonly runMs = new Map<number, number>();
  private readonly thefts: number[] = [];
  private pending: number;
  private foreigners = 0;

  constructor(world: WorkloadWorld) {
    this.world = world;
    this.pending = world.shape.work.length;
    for (const repository of [...REPOSITORIES, THIEF])
      world.github.model.addRepository({ name: repository.slice(repository.indexOf('/') + 1), private: true });
    world.github.model.onEvent((event) => {
      if (event.kind === 'job-queued' && event.job.repository !== THIEF) this.ours += 1;
    });
  }

  start(): void {
    const { clock } = this.world;
    for (const work of this.world.shape.work)
      clock.after(work.atMs, () => {
        this.pending -= 1;
        this.queue(work);
      });
  }

  /** Everything was queued, and all of it is over. */
  get isOver(): boolean {
    if (this.pending > 0) return false;
    for (const job of this.world.github.model.state.jobs.values()) if (job.status !== 'completed') return false;
    return true;
  }

  /** Of ours, the ones that are not over. */
  waiting(): string[] {
    return [...this.world.github.model.state.jobs.values()]
      .filter((job) => job.status !== 'completed' && job.run.repository.fullName !== THIEF)
      .map((job) => `${job.id} (${job.status})`);
  }

  jobMs(jobId: number): number {
    const known = this.runMs.get(jobId);
    if (known !== undefined) return known;
    const rng = Rng.of(this.world.seed, `job/${jobId}`);
    return rng.chance(0.85) ? rng.between(5_000, 60_000) : rng.between(60_000, LONGEST_JOB_MS);
  }

  queue(work: Work): number {
    const { github, strike, clock } = this.world;
    if (strike('runner-stolen')) this.steal();
    const keys = Array.from({ length: work.jobs }, (_, position) => ({ key: `job ${position}`, labels: work.labels }));
    const run = github.model.addRun(lightRun(keys), work.repository);
    if (work.runMs !== undefined) for (const job of run.jobs.values()) this.runMs.set(job.id, work.runMs);
    const cancel = strike('job-cancelled');
    if (cancel) clock.after(cancel.between(0, 180_000), () => void github.model.cancelRun(run.id));
    const foreign = strike('job-stolen');
    if (foreign) clock.after(foreign.between(0, 20_000), () => this.connectForeigner(work.labels));
    return run.id;
  }

  /** A job that is routed to nobody waits for whatever runner matches. */
  private steal(): void {
    const run = this.world.github.model.addRun(lightRun([{ key: 'theft', labels: LABELS }]), THIEF);
    this.thefts.push(run.id);
  }

  /** Those that found no runner of ours wait for nothing. */
  endThefts(): void {
    for (const id of this.thefts) this.world.github.model.cancelRun(id);
  }

  /** A runner that is none of ours takes one job. */
  private connectForeigner(labels: readonly string[]): void {
    const { model } = this.world.github;
    this.foreigners += 1;
    const name = `static-${this.foreigners}`;
    const made = model.registerRunner(SCOPE, { name, runnerGroupId: 1, labels, ephemeral: false });
    if (made.kind !== 'ok') return;
    const connected = model.connect(made.runner.clientId, '2.336.0');
    if (connected.kind === 'ok') this.serve(connected.sessionId, made.runner.id);
  }

  private serve(sessionId: string, runnerId: number): void {
    const { github, clock } = this.world;
    const { model } = github;
    const polled = model.poll(sessionId);
    const acquired = polled.kind === 'job' ? model.acquire(sessionId, polled.job.id) : undefined;
    const leave = () => {
      model.disconnect(sessionId);
      model.deleteRunner(SCOPE, runnerId);
    };
    if (acquired?.kind !== 'ok') {
      leave();
      return;
    }
    const { id } = acquired.job;
    clock.after(this.jobMs(Number(id)), () => {
      model.finishJob(sessionId, id, 'ran');
      leave();
    });
  }
}
