import { GitHubModel } from '../../../src/rehearsal/github/model/model.ts';
import type { ModelEvent, ModelOptions, RunnerRecord } from '../../../src/rehearsal/github/model/types.ts';

export const START = Date.UTC(2026, 0, 2, 3, 4, 5);
export const organization = { kind: 'organization', organization: 'octo-org' } as const;
export const hook = { url: 'http://127.0.0.1:9/webhook', secret: 'a secret' };

/** A model with a clock to turn, a private and a public repository, and a record of what happened. */
export class World {
  readonly model: GitHubModel;
  readonly events: ModelEvent[] = [];
  now = START;

  constructor(options: Partial<ModelOptions> = {}) {
    this.model = new GitHubModel({
      clock: () => this.now,
      seed: 'test',
      app: { id: 4711, slug: 'mayfly-test' },
      installation: { id: 99_000_001, organization: 'octo-org' },
      runnerKey: '{"d":"not a key"}',
      hook,
      ...options,
    });
    this.model.addRepository({ name: 'closed', private: true });
    this.model.addRepository({ name: 'open', private: false });
    this.model.onEvent((event) => this.events.push(event));
  }

  /** Lets time pass as an owner would: every tick at its time. */
  wait(ms: number): void {
    const until = this.now + ms;
    for (let at = this.model.nextTickAt(); at <= until; at = this.model.nextTickAt()) {
      this.now = Math.max(this.now, at);
      this.model.tick();
    }
    this.now = until;
  }

  /** Registers a runner with a JIT config. */
  register(
    name: string,
    options: { labels?: readonly string[]; groupId?: number; repository?: string } = {},
  ): RunnerRecord {
    const outcome = this.model.createJitConfig(
      options.repository === undefined ? organization : { kind: 'repository', repository: options.repository },
      { name, runnerGroupId: options.groupId ?? 1, labels: options.labels ?? ['self-hosted', 'linux'] },
    );
    if (outcome.kind !== 'ok') throw new Error(outcome.kind);
    return outcome.runner;
  }

  /** Registers a runner and connects it. Returns its session. */
  connect(name: string, options: Parameters<World['register']>[1] = {}): string {
    return this.reconnect(this.register(name, options));
  }

  reconnect(runner: RunnerRecord): string {
    const outcome = this.model.connect(runner.clientId, '2.336.0');
    if (outcome.kind !== 'ok') throw new Error(outcome.kind);
    return outcome.sessionId;
  }

  /** The name of the job that the session's runner was given, if any. */
  given(sessionId: string): string | undefined {
    const message = this.model.poll(sessionId);
    return message.kind === 'job' ? message.job.displayName : undefined;
  }

  /** Takes the job that the session's runner was given. Returns its id. */
  take(sessionId: string): string {
    const message = this.model.poll(sessionId);
    if (message.kind !== 'job') throw new Error(message.kind);
    const taken = this.model.acquire(sessionId, message.job.id);
    if (taken.kind !== 'ok') throw new Error(taken.kind);
    return taken.job.id;
  }

  /** Runs all steps of a job, each with that exit code, and finishes it. */
  work(sessionId: string, jobId: string, exitCode = 0): void {
    while (this.model.nextStep(sessionId, jobId).kind === 'step')
      this.model.finishStep(sessionId, jobId, { exitCode, envFile: '', outputFile: '', pathFile: '' });
    this.model.finishJob(sessionId, jobId, 'ran');
  }

  /** What happened to jobs: `queued a`, `completed a success`. */
  jobStory(): readonly string[] {
    return this.events.flatMap((event) => {
      if (!('job' in event)) return [];
      const { name, runnerName, conclusion } = event.job;
      return [
        [event.kind.replace('job-', ''), name.replace('job ', ''), runnerName, conclusion].filter(Boolean).join(' '),
      ];
    });
  }

  runnerStory(): readonly string[] {
    return this.events.flatMap((event) =>
      'runnerName' in event ? [`${event.runnerName} ${event.kind.replace('runner-', '')}`] : [],
    );
  }

  runnerNames(): readonly string[] {
    return (this.model.listRunners(organization) ?? []).map(({ name }) => name);
  }
}
