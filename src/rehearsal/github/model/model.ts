import type { Scope } from '../../../core/types.ts';
import type { StepResult } from '../../workflow/types.ts';
import type { RunnerBackend } from '../runner-backend.ts';
import { assignJobs } from './assign-jobs.ts';
import * as deliveries from './deliveries.ts';
import { type Charge, charge, defaultRateLimits, newBucket } from './rate-limits.ts';
import * as repositories from './repositories.ts';
import { rerunJob } from './rerun-job.ts';
import * as runners from './runners.ts';
import * as runs from './runs.ts';
import * as sessions from './sessions.ts';
import { signDelivery } from './sign-delivery.ts';
import { type GitHubState, newState, now } from './state.ts';
import * as time from './tick.ts';
import * as tokens from './tokens.ts';
import type {
  Delivery,
  DeliveryResult,
  Hook,
  JobRecord,
  ModelEvent,
  ModelOptions,
  RunnerGroup,
  Trigger,
} from './types.ts';

/**
 * GitHub, as far as self-hosted runners see it: one App, installed on one organisation. Nothing happens by itself: the
 * owner calls `tick()` at `nextTickAt()`, and sends what `takeDeliveries()` gives.
 */
export class GitHubModel implements RunnerBackend {
  /** For reading only: JSON views are made from it. */
  readonly state: GitHubState;
  private readonly eventListeners = new Set<(event: ModelEvent) => void>();
  private readonly changeListeners = new Set<() => void>();
  private settling = false;

  constructor(options: ModelOptions) {
    this.state = newState(options);
  }

  /** Where the stand-in answers: all URLs in replies, events and JIT configs start with it. */
  setOrigin(origin: string): void {
    this.state.origin = origin;
    this.state.payloadParts.clear();
  }

  /** Where events go from now on. */
  setHook(hook: Hook): void {
    this.state.hook = hook;
  }

  addRepository(wanted: { readonly name: string; readonly private: boolean }) {
    return repositories.addRepository(this.state, wanted);
  }

  /** "owner/name", in any case. */
  findRepository(fullName: string) {
    return repositories.findRepository(this.state, fullName);
  }

  addRunnerGroup(wanted: Omit<RunnerGroup, 'id'>) {
    return repositories.addRunnerGroup(this.state, wanted);
  }

  /** Starts a run in a repository that was added before ("owner/name"). `trigger` defaults to a manual start on main. */
  addRun(makeRun: runs.MakeRun, repository: string, trigger: Partial<Trigger> = {}) {
    return this.settle(() => runs.addRun(this.state, makeRun, repository, trigger));
  }

  cancelRun(runId: number): 'cancelled' | 'over' | 'not-found' {
    const run = this.state.runs.get(runId);
    return run ? this.settle(() => runs.cancelRun(this.state, run)) : 'not-found';
  }

  rerunJob(jobId: number): ReturnType<typeof rerunJob> | 'not-found' {
    const job = this.state.jobs.get(jobId);
    return job ? this.settle(() => rerunJob(this.state, job)) : 'not-found';
  }

  findJob(jobId: number): JobRecord | undefined {
    return this.state.jobs.get(jobId);
  }

  /** The last million characters of the job's output. */
  jobLog(jobId: number): string {
    return this.findJob(jobId)?.log.join('') ?? '';
  }

  createJitConfig(scope: Scope, wanted: runners.NewRunner) {
    return this.settle(() => runners.createJitConfig(this.state, scope, wanted));
  }

  /** Registers a runner without a JIT config, as `config.sh` does. Connect it with its `clientId`. */
  registerRunner(scope: Scope, wanted: runners.NewRunner & { readonly ephemeral: boolean }) {
    return this.settle(() => runners.registerRunner(this.state, scope, wanted));
  }

  deleteRunner(scope: Scope, id: number) {
    return this.settle(() => runners.deleteRunner(this.state, scope, id));
  }

  findRunner(scope: Scope, id: number) {
    return runners.findRunner(this.state, scope, id);
  }

  listRunners(scope: Scope, name?: string) {
    return runners.listRunners(this.state, scope, name);
  }

  issueToken() {
    return tokens.issueToken(this.state);
  }

  isValidToken(token: string) {
    return tokens.isValidToken(this.state, token);
  }

  /** Counts a request of the App itself or of its installation against GitHub's limits. */
  charge(caller: 'app' | 'installation', cost: { readonly requests: number; readonly points: number }): Charge {
    const bucket = this.state.buckets.get(caller) ?? newBucket(now(this.state));
    this.state.buckets.set(caller, bucket);
    return charge(bucket, { ...defaultRateLimits, ...this.state.options.rateLimits }, cost, now(this.state));
  }

  takeDeliveries() {
    return deliveries.takeDeliveries(this.state);
  }

  postponeDelivery(delivery: Delivery): void {
    this.settle(() => deliveries.postpone(this.state, delivery));
  }

  /** The request to send for a delivery. Throws without a hook: then there are no deliveries. */
  signDelivery(delivery: Delivery) {
    if (!this.state.hook) throw new Error('a delivery needs a hook');
    return signDelivery(delivery, this.state.hook, this.state.options.app.id);
  }

  recordDelivery(delivery: Delivery, result: DeliveryResult): void {
    this.settle(() => deliveries.recordDelivery(this.state, delivery, result));
  }

  listDeliveries(query: deliveries.DeliveryQuery) {
    return deliveries.listDeliveries(this.state, query);
  }

  findDelivery(id: number): Delivery | undefined {
    return this.state.deliveries.get(id);
  }

  redeliver(id: number) {
    return this.settle(() => deliveries.redeliver(this.state, id));
  }

  tick(): void {
    this.settle(() => time.tick(this.state));
  }

  nextTickAt(): number {
    return time.nextTickAt(this.state);
  }

  onEvent(listener: (event: ModelEvent) => void): () => void {
    this.eventListeners.add(listener);
    return () => this.eventListeners.delete(listener);
  }

  // What a runner asks: see RunnerBackend.

  connect(clientId: string, version: string) {
    return this.settle(() => sessions.connect(this.state, clientId, version));
  }

  poll(sessionId: string) {
    return this.settle(() => sessions.poll(this.state, sessionId));
  }

  acquire(sessionId: string, jobId: string) {
    return this.settle(() => sessions.acquire(this.state, sessionId, jobId));
  }

  nextStep(sessionId: string, jobId: string) {
    return this.settle(() => sessions.nextStep(this.state, sessionId, jobId));
  }

  finishStep(sessionId: string, jobId: string, result: StepResult): void {
    this.settle(() => sessions.finishStep(this.state, sessionId, jobId, result));
  }

  log(sessionId: string, jobId: string, text: string): void {
    this.settle(() => sessions.log(this.state, sessionId, jobId, text));
  }

  renew(sessionId: string, jobId: string) {
    return this.settle(() => sessions.renew(this.state, sessionId, jobId));
  }

  finishJob(sessionId: string, jobId: string, end: 'ran' | 'cancelled' | 'timed-out'): void {
    this.settle(() => sessions.finishJob(this.state, sessionId, jobId, end));
  }

  disconnect(sessionId: string): void {
    this.settle(() => sessions.disconnect(this.state, sessionId));
  }

  onChange(listener: () => void): () => void {
    this.changeListeners.add(listener);
    return () => this.changeListeners.delete(listener);
  }

  /**
   * Does it, gives jobs to runners, then tells the listeners. They may call the model: what follows from that is told
   * afterwards, so that nobody ever sees a half-made change or events out of order.
   */
  private settle<Result>(verb: () => Result): Result {
    const result = verb();
    assignJobs(this.state);
    if (this.settling) return result;
    this.settling = true;
    try {
      while (this.state.events.length > 0 || this.state.changed) this.tell();
    } finally {
      this.settling = false;
    }
    return result;
  }

  private tell(): void {
    const { events, changed } = this.state;
    this.state.events = [];
    this.state.changed = false;
    for (const event of events) for (const listener of this.eventListeners) listener(event);
    if (changed) for (const listener of this.changeListeners) listener();
  }
}
