/** Decides whether a step runs, and evaluates all that it needs for that. */
import { EvaluationFailure, type Scope } from './expression.ts';
import { evaluateCondition, evaluateToNumber, evaluateToText, evaluateToTexts } from './template.ts';
import type { StepCommand } from './types.ts';
import { isMap, type RunDefaults, type StepDefinition } from './workflow.ts';

export interface StepSurroundings {
  /** Without the step's own `env`, which is added here. */
  readonly scope: Scope;
  readonly number: number;
  /** From the weakest to the strongest: those of the workflow, those of the job. */
  readonly defaults: readonly RunDefaults[];
  /** Variables that the workflow can not change. */
  readonly fixedEnv: Readonly<Record<string, string>>;
  readonly path: readonly string[];
  /** Of the whole job: no step may take longer. */
  readonly jobTimeoutMs: number;
}

/** Shown until a step starts, and for good when its name can not be evaluated. */
export function plainStepName(step: StepDefinition): string {
  return step.name || runName(step.uses ?? step.run ?? '');
}

/** The command to run; `skipped` where `if:` says no, `action` where it says yes to `uses`. Throws `EvaluationFailure`. */
export function prepareStep(step: StepDefinition, around: StepSurroundings): StepCommand | 'skipped' | 'action' {
  const ownEnv = evaluateToTexts(step.env, around.scope, 'env');
  const outerEnv = around.scope.contexts.env;
  const env = { ...(isMap(outerEnv) ? (outerEnv as Record<string, string>) : {}), ...ownEnv };
  const scope = { ...around.scope, contexts: { ...around.scope.contexts, env } };
  if (!evaluateCondition(step.if, scope)) return 'skipped';
  if (step.uses !== undefined) return 'action';

  const script = evaluateToText(step.run ?? '', scope);
  const ownTimeoutMs =
    step.timeoutMinutes === undefined
      ? around.jobTimeoutMs
      : evaluateToNumber(step.timeoutMinutes, scope, 'timeout-minutes') * 60_000;
  const workingDirectory = lastOf(step, around.defaults, 'workingDirectory', scope);
  return {
    number: around.number,
    name: step.name ? evaluateToText(step.name, scope) : runName(script),
    script,
    ...shellOf(lastOf(step, around.defaults, 'shell', scope)),
    ...(workingDirectory ? { workingDirectory } : {}),
    env: { CI: 'true', ...env, ...around.fixedEnv },
    path: around.path,
    timeoutMs: Math.min(ownTimeoutMs, around.jobTimeoutMs),
  };
}

/** What GitHub calls a step without a name: its first line that is not empty. */
function runName(text: string): string {
  return `Run ${text.trimStart().split(/[\r\n]/)[0]}`;
}

function lastOf(
  step: StepDefinition,
  defaults: readonly RunDefaults[],
  key: keyof RunDefaults,
  scope: Scope,
): string | undefined {
  const given = [...defaults, step].map((one) => one[key]).findLast((one) => one !== undefined);
  return given === undefined ? undefined : evaluateToText(given, scope);
}

function shellOf(shell: string | undefined): Pick<StepCommand, 'shell' | 'shellNamed'> {
  if (shell === undefined) return { shell: 'bash', shellNamed: false };
  if (shell === 'bash' || shell === 'sh') return { shell, shellNamed: true };
  throw new EvaluationFailure(`shell '${shell}' is not supported, only bash and sh`);
}
