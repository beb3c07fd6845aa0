/** The clocks of the runner. Rendered into its scripts when the tarball is built. */
export interface RunnerTimes {
  /** How long a signal may take to end a step before the next one: INT, TERM, KILL. GitHub's: 7.5 s, then 2.5 s. */
  readonly stopGraceMs: number;
  /** How often a running step's deadline is looked at and its output is sent. */
  readonly tickMs: number;
  /** Between two tries to open a session while another one of this runner is open, and how many more tries. */
  readonly conflictRetryMs: number;
  readonly conflictRetries: number;
  /** Between two tries while the service does not answer, and how many in a row end the listener with code 2. */
  readonly unreachableRetryMs: number;
  readonly unreachableTries: number;
  /** `run-helper.sh` waits this long before the listener is started again after code 2. */
  readonly relaunchMs: number;
}

/** As the official runner has them, but for the grace (shorter, because a rehearsal ends sooner than a data centre). */
export const RUNNER_TIMES: RunnerTimes = {
  stopGraceMs: 2_000,
  tickMs: 1_000,
  conflictRetryMs: 30_000,
  conflictRetries: 8,
  unreachableRetryMs: 5_000,
  unreachableTries: 10,
  relaunchMs: 5_000,
};

/** As `read -t` and `sleep` take it. */
export const seconds = (ms: number) => (ms / 1_000).toFixed(3);
