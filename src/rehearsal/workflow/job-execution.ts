/** A job on a runner: its steps one after the other, and what they leave for those after them. */
import { type Entry, prependPaths, readEntries } from './command-files.ts';
import { runnerVariables } from './contexts.ts';
import type { Instance } from './expand-job.ts';
import { EvaluationFailure, type Scope } from './expression.ts';
import { plainStepName, prepareStep } from './prepare-step.ts';
import { evaluateToBoolean, evaluateToText, evaluateToTexts } from './template.ts';
import type { JobConclusion, RunStep, StepCommand, StepResult } from './types.ts';
import type { JobDefinition, Plain, PlainMap, StepDefinition, Workflow } from './workflow.ts';

type StepConclusion = NonNullable<RunStep['conclusion']>;

interface StepState {
  readonly definition: StepDefinition;
  step: RunStep;
  command?: StepCommand;
  /** Before `continue-on-error`, where `step.conclusion` is after it. */
  outcome?: StepConclusion;
  outputs: PlainMap;
}

/** How the job ended: `outputs` are those of the file that are not empty. */
export interface JobEnd {
  readonly conclusion: JobConclusion;
  readonly outputs: PlainMap;
}

const UNEXPECTED_NODE_OPTIONS = "GITHUB_ENV: NODE_OPTIONS can not be set for later steps (GitHub's own rule)";

export class JobExecution {
  readonly #workflow: Workflow;
  readonly #definition: JobDefinition;
  readonly #instance: Instance;
  readonly #runnerName: string;
  /** github, needs, vars, inputs. */
  readonly #outer: Readonly<Record<string, Plain>>;
  readonly #states: readonly StepState[];
  #setUp: RunStep;
  #completion: RunStep;
  #env: Record<string, string> = {};
  #path: readonly string[] = [];
  #status: 'success' | 'failure' = 'success';
  #cancelled = false;

  constructor(
    workflow: Workflow,
    definition: JobDefinition,
    instance: Instance,
    runnerName: string,
    outer: Readonly<Record<string, Plain>>,
  ) {
    this.#workflow = workflow;
    this.#definition = definition;
    this.#instance = instance;
    this.#runnerName = runnerName;
    this.#outer = outer;
    this.#states = definition.steps.map((step, index) => ({
      definition: step,
      step: { number: index + 2, name: plainStepName(step), status: 'queued' },
      outputs: {},
    }));
    this.#setUp = { number: 1, name: 'Set up job', status: 'completed', conclusion: 'success' };
    this.#completion = { number: definition.steps.length + 2, name: 'Complete job', status: 'queued' };
    this.#evaluateEnv();
  }

  /** As GitHub lists them: "Set up job", those of the file, "Complete job". */
  get steps(): readonly RunStep[] {
    return [this.#setUp, ...this.#states.map(({ step }) => step), this.#completion];
  }

  /** The step in progress again, for a runner that lost the answer; else the next one that is to be executed. */
  nextStep(): StepCommand | undefined {
    const running = this.#running();
    if (running) return running.command;
    // A job that could not be set up runs none of its steps, not even those with `always()`.
    if (this.#setUp.conclusion === 'failure') return undefined;
    for (const state of this.#states) {
      if (state.step.status === 'queued') this.#begin(state);
      if (state.step.status === 'in_progress') return state.command;
    }
    return undefined;
  }

  /** Without a step in progress nothing happens: it is a repeated report. */
  finishStep(result: StepResult): void {
    const state = this.#running();
    if (!state) return;
    const fault = this.#takeFiles(state, result);
    if (this.#cancelled && result.exitCode !== 0) this.#conclude(state, 'cancelled');
    else if (fault !== undefined) this.#conclude(state, 'failure', fault);
    else if (result.timedOut) this.#conclude(state, 'failure', 'The step was ended at its timeout.');
    else this.#conclude(state, result.exitCode === 0 ? 'success' : 'failure');
  }

  /** From now on `cancelled()` is true: only steps that ask for it run. */
  cancel(): void {
    this.#cancelled = true;
  }

  end(end: 'ran' | 'cancelled' | 'timed-out'): JobEnd {
    for (const state of this.#states) {
      if (state.step.status === 'in_progress') this.#conclude(state, 'cancelled');
      if (state.step.status === 'queued') this.#conclude(state, 'skipped');
    }
    const { outputs, fault } = this.#evaluateOutputs();
    const conclusion = fault === undefined ? this.#conclusionOf(end) : 'failure';
    this.#completion = {
      ...this.#completion,
      status: 'completed',
      conclusion: fault === undefined && end === 'ran' ? 'success' : conclusion,
      ...noteOf(fault ?? this.#explain(end)),
    };
    return { conclusion, outputs };
  }

  #conclusionOf(end: 'ran' | 'cancelled' | 'timed-out'): JobConclusion {
    // GitHub cancels a job at its timeout; a job whose runner died without being asked to has failed.
    if (this.#cancelled || end === 'timed-out') return 'cancelled';
    return end === 'cancelled' ? 'failure' : this.#status;
  }

  #explain(end: 'ran' | 'cancelled' | 'timed-out'): string | undefined {
    if (end === 'timed-out') return 'The job was ended at its timeout-minutes.';
    return end === 'cancelled' && !this.#cancelled ? 'The runner ended before the job did.' : undefined;
  }

  #running(): StepState | undefined {
    return this.#states.find(({ step }) => step.status === 'in_progress');
  }

  #begin(state: StepState): void {
    const { definition } = state;
    try {
      const prepared = prepareStep(definition, {
        scope: this.#scope(),
        number: state.step.number,
        defaults: [this.#workflow.defaults, this.#definition.defaults],
        fixedEnv: runnerVariables(this.#outer.github as PlainMap, this.#runnerName),
        path: this.#path,
        jobTimeoutMs: this.#instance.timeoutMs,
      });
      if (prepared === 'skipped') this.#conclude(state, 'skipped');
      else if (prepared === 'action') this.#conclude(state, 'skipped', 'The rehearsal runs no actions (`uses`).');
      else {
        state.command = prepared;
        state.step = { ...state.step, name: prepared.name, status: 'in_progress' };
      }
    } catch (error) {
      this.#conclude(state, 'failure', messageOf(error));
    }
  }

  #conclude(state: StepState, outcome: StepConclusion, note?: string): void {
    let conclusion = outcome;
    let explained = note;
    if (outcome === 'failure') {
      try {
        const { continueOnError = false } = state.definition;
        if (evaluateToBoolean(continueOnError, this.#scope(), 'continue-on-error')) conclusion = 'success';
      } catch (error) {
        explained = [note, messageOf(error)].filter((one) => one !== undefined).join('\n');
      }
    }
    state.outcome = outcome;
    state.step = { ...state.step, status: 'completed', conclusion, ...noteOf(explained) };
    if (conclusion === 'failure') this.#status = 'failure';
  }

  /** Also after a failed step: GitHub reads the files all the same. Returns what is wrong with them. */
  #takeFiles(state: StepState, result: StepResult): string | undefined {
    this.#path = prependPaths(this.#path, result.pathFile);
    try {
      const env: readonly Entry[] = readEntries(result.envFile, 'GITHUB_ENV');
      if (env.some(([name]) => name === 'NODE_OPTIONS')) return UNEXPECTED_NODE_OPTIONS;
      this.#env = { ...this.#env, ...Object.fromEntries(env) };
      state.outputs = Object.fromEntries(readEntries(result.outputFile, 'GITHUB_OUTPUT'));
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  #evaluateEnv(): void {
    try {
      const scope = this.#scope();
      const workflowEnv = evaluateToTexts(this.#workflow.env, scope, 'env of the workflow');
      this.#env = { ...workflowEnv, ...evaluateToTexts(this.#definition.env, scope, 'env of the job') };
    } catch (error) {
      this.#status = 'failure';
      this.#setUp = { ...this.#setUp, conclusion: 'failure', note: messageOf(error) };
    }
  }

  #evaluateOutputs(): { outputs: PlainMap; fault?: string } {
    try {
      const scope = this.#scope();
      const all = Object.entries(this.#definition.outputs).map(([name, value]) => [name, evaluateToText(value, scope)]);
      return { outputs: Object.fromEntries(all.filter(([, value]) => value !== '')) };
    } catch (error) {
      return { outputs: {}, fault: messageOf(error) };
    }
  }

  #scope(): Scope {
    const { matrix, strategy } = this.#instance;
    const done = this.#states.filter(({ definition, step }) => definition.id && step.status === 'completed');
    const steps = done.map(({ definition, step, outcome = 'skipped', outputs }) => [
      definition.id,
      { outputs, outcome, conclusion: step.conclusion ?? outcome },
    ]);
    const status = this.#cancelled ? 'cancelled' : this.#status;
    const contexts = {
      ...this.#outer,
      env: this.#env,
      job: { status },
      matrix,
      runner: { name: this.#runnerName, os: 'Linux', environment: 'self-hosted', debug: '' },
      steps: Object.fromEntries(steps),
      strategy,
    };
    return {
      contexts,
      status: { success: status === 'success', failure: status === 'failure', cancelled: status === 'cancelled' },
    };
  }
}

/** Only failures of evaluation belong to the workflow; anything else is a bug of ours and goes on. */
export function messageOf(error: unknown): string {
  if (error instanceof EvaluationFailure) return error.message;
  throw error;
}

function noteOf(note: string | undefined): { note?: string } {
  return note === undefined ? {} : { note };
}
