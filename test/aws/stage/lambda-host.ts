/**
 * Runs a deployed function as Lambda does: one event at a time in an environment, more environments while more events
 * come at once, up to the limit; an environment that ended in an error of its own is never used again.
 */
import { type DeployedFunction, type Environment, type Invoked, startEnvironment } from './lambda/start-environment.ts';

export interface LambdaHostOptions {
  /** From `writeWorker`. */
  readonly worker: string;
  readonly function: DeployedFunction;
  /** Credentials of the function's role, region, endpoint: the same in all environments. */
  readonly variables: Readonly<Record<string, string>>;
  /** Environments at once; an event beyond it is refused. */
  readonly concurrency: number;
}

export class LambdaHost {
  readonly logs: string[] = [];
  /** Milliseconds of each init, for measurements. */
  readonly inits: number[] = [];
  private readonly options: LambdaHostOptions;
  private readonly idle: Environment[] = [];
  private readonly all = new Set<Environment>();
  private readonly underway = new Set<Promise<unknown>>();
  private busy = 0;
  private closed = false;

  constructor(options: LambdaHostOptions) {
    this.options = options;
  }

  get name(): string {
    return this.options.function.name;
  }

  /** The log lines that are JSON, parsed. */
  entries(): Readonly<Record<string, unknown>>[] {
    return this.logs.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  async invoke(event: unknown): Promise<Invoked | { readonly kind: 'throttled' }> {
    if (this.closed || this.busy >= this.options.concurrency) return { kind: 'throttled' };
    this.busy += 1;
    const running = this.run(event);
    this.underway.add(running);
    try {
      return await running;
    } finally {
      this.underway.delete(running);
      this.busy -= 1;
    }
  }

  /** Ends idle environments, so that the next event meets a cold start. */
  async freshen(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((environment) => this.drop(environment)));
  }

  async close(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.all].map((environment) => this.drop(environment)));
    await Promise.allSettled([...this.underway]);
    await Promise.all([...this.all].map((environment) => this.drop(environment)));
  }

  private async run(event: unknown): Promise<Invoked> {
    const warm = this.idle.pop();
    let environment: Environment;
    try {
      environment = warm ?? (await this.start());
    } catch (error) {
      return { kind: 'error', error: (error as Error).message };
    }
    const invoked = await environment.invoke(event);
    if (environment.isAlive && !this.closed) this.idle.push(environment);
    else this.all.delete(environment);
    if (invoked.kind === 'error') this.logs.push(`${this.name}: ${invoked.error}`);
    return invoked.kind === 'ok' && warm === undefined ? { ...invoked, initMs: environment.initMs } : invoked;
  }

  private async start(): Promise<Environment> {
    const { worker, variables, function: one } = this.options;
    const environment = await startEnvironment(worker, one, variables, (line) => this.logs.push(line));
    this.all.add(environment);
    this.inits.push(environment.initMs);
    return environment;
  }

  private async drop(environment: Environment): Promise<void> {
    await environment.stop();
    this.all.delete(environment);
  }
}
