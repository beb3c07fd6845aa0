/** `strategy.matrix`, with `include` and `exclude`, as GitHub expands it. */
import { EvaluationFailure, looselyEqual, toText } from './expression.ts';
import { isList, isMap, type Plain, type PlainMap } from './workflow.ts';

/** One job of a matrix. */
export interface Combination {
  /** The `matrix` context. */
  readonly values: PlainMap;
  /** What GitHub puts in parentheses behind the job's name; values that `include` added to a combination are not shown. */
  readonly shown: readonly string[];
}

/** GitHub's limit of jobs per matrix. */
const MAX_COMBINATIONS = 256;

/** Expands an evaluated matrix; none are left when all are excluded. Throws `EvaluationFailure`. */
export function expandMatrix(matrix: Plain): readonly Combination[] {
  if (!isMap(matrix)) throw new EvaluationFailure('strategy.matrix: expected a mapping');
  const { include = [], exclude = [], ...axes } = matrix;
  const includes = mappingsOf(include, 'include');
  const excludes = mappingsOf(exclude, 'exclude');
  checkAxes(axes, includes, excludes);

  const originals = crossProduct(axes).filter((original) => !excludes.some((one) => matches(original, one)));
  const additions = includes.map((one) => ({ one, ...divide(one, axes), used: false }));
  const extended = originals.map((original) => {
    const values: Record<string, Plain> = { ...original };
    for (const addition of additions.filter(({ filter }) => matches(original, filter))) {
      Object.assign(values, addition.extra);
      addition.used = true;
    }
    return { values, shown: scalars(original) };
  });
  const added = additions
    .filter(({ used }) => !used)
    .map(({ filter, extra }) => ({ ...filter, ...extra }))
    .map((values) => ({ values, shown: scalars(values) }));

  const all = [...extended, ...added];
  if (all.length > MAX_COMBINATIONS)
    throw new EvaluationFailure(`strategy.matrix: ${all.length} jobs, GitHub allows ${MAX_COMBINATIONS}`);
  return all;
}

function checkAxes(axes: PlainMap, includes: readonly PlainMap[], excludes: readonly PlainMap[]): void {
  const names = Object.keys(axes);
  if (names.length === 0 && includes.length === 0)
    throw new EvaluationFailure('strategy.matrix: at least one vector is needed');
  for (const [name, values] of Object.entries(axes)) {
    if (!isList(values)) throw new EvaluationFailure(`strategy.matrix.${name}: expected a list`);
    if (values.length === 0) throw new EvaluationFailure(`strategy.matrix.${name}: the list is empty`);
  }
  const unknown = excludes.flatMap((one) => Object.keys(one)).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new EvaluationFailure(`strategy.matrix.exclude: '${unknown}' is not in the matrix`);
  const size = Object.values(axes).reduce((product: number, values) => product * (values as Plain[]).length, 1);
  // Before excluding: it bounds the work that a file can ask of us.
  if (size > 100_000) throw new EvaluationFailure(`strategy.matrix: ${size} combinations are too many`);
}

function mappingsOf(value: Plain, what: string): readonly PlainMap[] {
  if (!isList(value)) throw new EvaluationFailure(`strategy.matrix.${what}: expected a list`);
  return value.map((one) => {
    if (!isMap(one) || Object.keys(one).length === 0)
      throw new EvaluationFailure(`strategy.matrix.${what}: expected a list of mappings, none empty`);
    return one;
  });
}

/** The last axis turns fastest. */
function crossProduct(axes: PlainMap): readonly PlainMap[] {
  if (Object.keys(axes).length === 0) return [];
  return Object.entries(axes).reduce<readonly PlainMap[]>(
    (partial, [name, values]) =>
      partial.flatMap((one) => (values as readonly Plain[]).map((value) => ({ ...one, [name]: value }))),
    [{}],
  );
}

/** Of an include entry: what must fit a combination, and what it adds to it. */
function divide(include: PlainMap, axes: PlainMap): { filter: PlainMap; extra: PlainMap } {
  const entries = Object.entries(include);
  return {
    filter: Object.fromEntries(entries.filter(([name]) => name in axes)),
    extra: Object.fromEntries(entries.filter(([name]) => !(name in axes))),
  };
}

/** Whether all leaves of the filter are in the value too: nested mappings and lists need to fit in part only. */
function matches(value: Plain | undefined, filter: Plain): boolean {
  if (isMap(filter))
    return Object.entries(filter).every(([name, one]) => matches(isMap(value) ? value[name] : null, one));
  if (isList(filter)) return filter.every((one, at) => matches(isList(value) ? value[at] : null, one));
  return looselyEqual(value ?? null, filter);
}

function scalars(value: Plain): readonly string[] {
  if (isMap(value)) return Object.values(value).flatMap(scalars);
  if (isList(value)) return value.flatMap(scalars);
  return [toText(value)].filter((text) => text !== '');
}
