import type { RunnerBackend } from '../../github/runner-backend.ts';
import type { StepCommand, StepResult } from '../../workflow/types.ts';

export interface Script {
  readonly steps?: readonly Partial<StepCommand>[];
  readonly jobTimeoutMs?: number;
  /** What `connect` says, one after the other; `ok` when they are used up. */
  readonly connects?: readonly ('conflict' | 'deleted')[];
  /** The first so many `acquire` say that the job is gone. */
  readonly gone?: number;
  /** No job until `offer()`. */
  readonly idle?: boolean;
}

type JobState = 'none' | 'offered' | 'running' | 'cancelled' | 'gone' | 'deleted' | 'over';

/** A backend with one runner and one job, for tests: plays its script and keeps what it was told. */
export class ScriptedBackend implements RunnerBackend {
  readonly jobName = "build 'it' – ü";
  readonly results: StepResult[] = [];
  readonly calls: string[] = [];
  readonly ends: string[] = [];
  text = '';
  connected = false;
  #script: Script;
  #listeners = new Set<() => void>();
  #connects: ('conflict' | 'deleted')[];
  #state: JobState;
  #gone: number;

  constructor(script: Script = {}) {
    this.#script = script;
    this.#connects = [...(script.connects ?? [])];
    this.#gone = script.gone ?? 0;
    this.#state = script.idle ? 'none' : 'offered';
  }

  /** How many long polls wait. */
  get waiting(): number {
    return this.#listeners.size;
  }

  offer = () => this.#become('offered');
  deleteRunner = () => this.#become('deleted');
  cancelJob = () => this.#become('cancelled');
  loseJob = () => this.#become('gone');

  #become(state: JobState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener();
  }

  connect(clientId: string, version: string): ReturnType<RunnerBackend['connect']> {
    this.calls.push(`connect ${clientId} ${version}`);
    const refusal = this.#connects.shift();
    if (refusal) return { kind: refusal };
    this.connected = true;
    return { kind: 'ok', sessionId: 'session-1' };
  }

  poll(): ReturnType<RunnerBackend['poll']> {
    this.calls.push('poll');
    if (this.#state === 'deleted') return { kind: 'deleted' };
    return this.#state === 'offered' ? { kind: 'job', job: { id: '7', displayName: this.jobName } } : { kind: 'none' };
  }

  acquire(_sessionId: string, id: string): ReturnType<RunnerBackend['acquire']> {
    this.calls.push('acquire');
    if (this.#gone-- > 0) return { kind: 'gone' };
    this.#state = 'running';
    const timeoutMs = this.#script.jobTimeoutMs ?? 60_000;
    return { kind: 'ok', job: { id, displayName: this.jobName, repository: 'octo/repo', timeoutMs } };
  }

  nextStep(): ReturnType<RunnerBackend['nextStep']> {
    this.calls.push('nextStep');
    if (this.#state === 'cancelled' || this.#state === 'gone') return { kind: this.#state };
    const step = this.#script.steps?.[this.results.length];
    if (step === undefined) return { kind: 'done' };
    const number = this.results.length + 1;
    const usual = { number, name: `step ${number}`, script: 'true', shell: 'bash', shellNamed: false } as const;
    return { kind: 'step', step: { ...usual, env: {}, path: [], timeoutMs: 30_000, ...step } };
  }

  finishStep(_sessionId: string, _jobId: string, result: StepResult): void {
    this.calls.push('finishStep');
    this.results.push(result);
  }

  log(_sessionId: string, _jobId: string, text: string): void {
    this.calls.push('log');
    this.text += text;
  }

  renew(): ReturnType<RunnerBackend['renew']> {
    this.calls.push('renew');
    return this.#state === 'cancelled' || this.#state === 'gone' ? this.#state : 'go-on';
  }

  finishJob(_sessionId: string, _jobId: string, end: string): void {
    this.calls.push('finishJob');
    this.#state = 'over';
    this.ends.push(end);
  }

  disconnect(): void {
    this.calls.push('disconnect');
    this.connected = false;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
