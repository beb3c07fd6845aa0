/** For tests, here and elsewhere: workflows from text, and runs that run to their end without a runner. */
import { readWorkflow } from './read-workflow.ts';
import { startRun } from './start-run.ts';
import type { RunContext, RunJob, StepCommand, StepResult, WorkflowRun } from './types.ts';

export const runContext: RunContext = {
  runId: 4711,
  runNumber: 7,
  repository: 'octo-org/app',
  event: 'push',
  sha: 'd6fde92930d4715a2b49857d24b940956b26d2d3',
  ref: 'refs/heads/main',
  serverUrl: 'https://github.example',
  apiUrl: 'https://api.github.example',
};

/** A result of a step that wrote nothing, changed by what is given. */
export function stepResult(change: Partial<StepResult> = {}): StepResult {
  return { exitCode: 0, envFile: '', outputFile: '', pathFile: '', ...change };
}

export async function runOf(text: string, context: Partial<RunContext> = {}): Promise<WorkflowRun> {
  return startRun(await readWorkflow('test.yml', text), { ...runContext, ...context });
}

/** Takes a queued job and runs its steps; `execute` says what became of each. By default all succeed. */
export function runJob(
  run: WorkflowRun,
  key: string,
  execute: (command: StepCommand, key: string) => StepResult = () => stepResult(),
): readonly StepCommand[] {
  run.startJob(key, { name: `runner of ${key}` });
  const commands: StepCommand[] = [];
  for (let command = run.nextStep(key); command; command = run.nextStep(key)) {
    commands.push(command);
    run.finishStep(key, execute(command, key));
  }
  return commands;
}

/**
 * Starts the run and runs all jobs, the first queued one first, each to its end before the next one is taken.
 * Returns the jobs in the order in which they were completed.
 */
export function runToEnd(run: WorkflowRun, execute?: (command: StepCommand, key: string) => StepResult): RunJob[] {
  const completed: RunJob[] = [];
  let changes = run.start();
  for (;;) {
    completed.push(...changes.flatMap((change) => (change.kind === 'completed' ? [change.job] : [])));
    const next = run.jobs.find((job) => job.status === 'queued');
    if (!next) return completed;
    runJob(run, next.key, execute);
    changes = run.finishJob(next.key, 'ran');
  }
}
