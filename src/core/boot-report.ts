/**
 * What an instance reports of its boot: the attribute `boot` of its mailbox row, written when its listener listens, when
 * it is idle, and at its end; the last one stands. A root job can write anything there, so nothing in it is trusted.
 *
 *   {"code":"done","line":0,"exit":0,"platform":"linux-x64","phases":{"started":1764000000000,"metadata":...}}
 */
export interface BootReport {
  /** `listening`, `idle`: still alive. `done`: it ran a job. Else why it ended, a code of docs/error-codes.md. */
  readonly code: string;
  /** Of the boot script, where it gave up; 0: nowhere. */
  readonly line: number;
  /** Exit status of the listener; none: it did not end. */
  readonly exit?: number;
  readonly platform: string;
  /** Last lines of the setup command that failed. */
  readonly output?: string;
  /** When each phase was first reached, in order. */
  readonly phases: readonly BootPhase[];
}

export interface BootPhase {
  readonly name: string;
  /** Milliseconds since 1970, by the instance's clock. */
  readonly at: number;
}

/** DynamoDB would keep more; nobody reads more. */
export const MOST_REPORT_BYTES = 4_096;
const MOST_PHASES = 32;
const WORD = /^[a-z0-9][a-z0-9-]{0,39}$/;
const OUTPUT = /^[\x20-\x7e]{0,700}$/;

/** Nothing when it is not the JSON of a report. Never throws. Unknown members are dropped. */
export function readBootReport(text: unknown): BootReport | undefined {
  if (typeof text !== 'string' || new TextEncoder().encode(text).length > MOST_REPORT_BYTES) return undefined;
  const value = parse(text);
  if (!isRecord(value)) return undefined;
  const { code, line, exit, platform, output } = value;
  const phases = readPhases(value.phases);
  if (!isWord(code) || !isWord(platform) || !isWhole(line) || phases === undefined) return undefined;
  if (exit !== null && !isWhole(exit)) return undefined;
  if (output !== undefined && !(typeof output === 'string' && OUTPUT.test(output))) return undefined;
  return {
    ...{ code, line, platform, phases },
    ...(exit === null ? {} : { exit }),
    ...(output === undefined ? {} : { output }),
  };
}

function readPhases(value: unknown): readonly BootPhase[] | undefined {
  if (!isRecord(value)) return undefined;
  const phases = Object.entries(value).flatMap(([name, at]) => (isWord(name) && isWhole(at) ? [{ name, at }] : []));
  return phases.length === Object.keys(value).length && phases.length <= MOST_PHASES ? phases : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isWord = (value: unknown): value is string => typeof value === 'string' && WORD.test(value);
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
