/** From a job of the file to the jobs of the run: matrix, names, labels, limits. */

import { type Combination, expandMatrix } from './expand-matrix.ts';
import { EvaluationFailure, type Scope, toText } from './expression.ts';
import { evaluateToBoolean, evaluateToNumber, evaluateToText, evaluateValue } from './template.ts';
import { isList, isMap, type JobDefinition, type Plain, type PlainMap } from './workflow.ts';

/** One job of the run, before anything happened to it. */
export interface Instance {
  readonly key: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly group?: string;
  readonly timeoutMs: number;
  readonly continueOnError: boolean;
  /** The contexts `matrix` and `strategy`. */
  readonly matrix: Plain;
  readonly strategy: PlainMap;
}

export interface Expansion {
  readonly failFast: boolean;
  readonly maxParallel: number;
  readonly instances: readonly Instance[];
}

const DEFAULT_TIMEOUT_MINUTES = 360;
/** GitHub cuts longer names. */
const MAX_NAME_LENGTH = 100;

/** No instances when the matrix excludes all its combinations. Throws `EvaluationFailure`. */
export function expandJob(definition: JobDefinition, scope: Scope): Expansion {
  const strategy = evaluateValue(definition.strategy, scope) ?? {};
  if (!isMap(strategy)) throw new EvaluationFailure('strategy: expected a mapping');
  const { matrix, 'fail-fast': failFastValue = true, 'max-parallel': maxParallelValue = 0 } = strategy;
  const combinations = matrix === undefined ? [undefined] : expandMatrix(matrix);
  const failFast = evaluateToBoolean(failFastValue, scope, 'strategy.fail-fast');
  const asked = evaluateToNumber(maxParallelValue, scope, 'strategy.max-parallel');
  const maxParallel = asked >= 1 ? Math.floor(asked) : combinations.length;

  const keys = new Set<string>();
  const instances = combinations.map((combination, index) => {
    const context = {
      'fail-fast': failFast,
      'job-index': index,
      'job-total': combinations.length,
      'max-parallel': maxParallel,
    };
    const key = unusedKey(withValues(definition.id, combination), keys);
    return expandOne(definition, key, combination, context, scope);
  });
  return { failFast, maxParallel, instances };
}

/** What stands for a job whose matrix can not be known yet, or never will. */
export function placeholder(definition: JobDefinition): Instance {
  return {
    key: definition.id,
    name: definition.name !== undefined && !definition.name.includes('${{') ? definition.name : definition.id,
    labels: [],
    timeoutMs: DEFAULT_TIMEOUT_MINUTES * 60_000,
    continueOnError: false,
    matrix: null,
    strategy: {},
  };
}

function expandOne(
  definition: JobDefinition,
  key: string,
  combination: Combination | undefined,
  strategy: PlainMap,
  outer: Scope,
): Instance {
  const matrix = combination?.values ?? null;
  const scope = { ...outer, contexts: { ...outer.contexts, matrix, strategy } };
  const { timeoutMinutes = DEFAULT_TIMEOUT_MINUTES, continueOnError = false } = definition;
  return {
    key,
    name: nameOf(definition, combination, scope),
    ...targetOf(evaluateValue(definition.runsOn, scope)),
    timeoutMs: evaluateToNumber(timeoutMinutes, scope, 'timeout-minutes') * 60_000,
    continueOnError: evaluateToBoolean(continueOnError, scope, 'continue-on-error'),
    matrix,
    strategy,
  };
}

/** GitHub adds the matrix values to a name, unless the name has expressions of its own. */
function nameOf(definition: JobDefinition, combination: Combination | undefined, scope: Scope): string {
  const { id, name: given = '' } = definition;
  const evaluated = evaluateToText(given, scope) || id;
  const name = given.includes('${{') ? evaluated : withValues(evaluated, combination);
  return name.length > MAX_NAME_LENGTH ? `${name.slice(0, MAX_NAME_LENGTH - 3)}...` : name;
}

function withValues(text: string, combination: Combination | undefined): string {
  const shown = combination?.shown ?? [];
  return shown.length === 0 ? text : `${text} (${shown.join(', ')})`;
}

/** Two entries of `include` may show the same values. */
function unusedKey(wanted: string, used: Set<string>): string {
  let key = wanted;
  for (let n = 2; used.has(key); n++) key = `${wanted} #${n}`;
  used.add(key);
  return key;
}

/** `runs-on`: a label, a list of labels, or `{ group, labels }`. */
function targetOf(runsOn: Plain): { labels: readonly string[]; group?: string } {
  const { group, labels: named = [] } = isMap(runsOn) ? runsOn : { labels: runsOn };
  const labels = (isList(named) ? named : [named]).map((label) => {
    if (typeof label === 'object') throw new EvaluationFailure('runs-on: expected labels');
    return toText(label);
  });
  if (labels.includes('') || (labels.length === 0 && group === undefined))
    throw new EvaluationFailure('runs-on: a label is empty, or there is none');
  return { labels, ...(group === undefined ? {} : { group: toText(group) }) };
}
