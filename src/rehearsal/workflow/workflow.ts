/**
 * A workflow file as it was read: checked, but nothing evaluated. Strings may hold `${{ }}` wherever GitHub allows it.
 */

/** What YAML and JSON can say. */
export type Plain = null | boolean | number | string | readonly Plain[] | PlainMap;
export interface PlainMap {
  readonly [key: string]: Plain;
}

export interface Workflow {
  /** `name:`, else the name of the file. */
  readonly name: string;
  readonly env: Plain;
  readonly defaults: RunDefaults;
  /** What `inputs` holds when the event is `workflow_dispatch`: the defaults. */
  readonly inputs: PlainMap;
  readonly jobs: readonly JobDefinition[];
}

/** `defaults.run`. */
export interface RunDefaults {
  readonly shell?: string;
  readonly workingDirectory?: string;
}

export interface JobDefinition {
  readonly id: string;
  readonly name?: string;
  readonly needs: readonly string[];
  readonly if?: string;
  readonly strategy: Plain;
  readonly runsOn: Plain;
  readonly timeoutMinutes?: Plain;
  readonly continueOnError?: Plain;
  readonly env: Plain;
  readonly defaults: RunDefaults;
  readonly outputs: PlainMap;
  readonly steps: readonly StepDefinition[];
}

/** A step has `run` or `uses`. */
export interface StepDefinition {
  readonly id?: string;
  readonly name?: string;
  readonly if?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly env: Plain;
  readonly shell?: string;
  readonly workingDirectory?: string;
  readonly timeoutMinutes?: Plain;
  readonly continueOnError?: Plain;
}

export function isMap(value: Plain | undefined): value is PlainMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: Plain | undefined): value is readonly Plain[] {
  return Array.isArray(value);
}
