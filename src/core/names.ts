/** Names that several parts must agree on. They follow from content, so that a retry collides with itself. */

export const attemptIdOf = (jobId: string, n: number) => `${jobId}-${n}`;

/** The job that an attempt was first made for. */
export const jobIdOfAttempt = (attemptId: string) => attemptId.slice(0, attemptId.lastIndexOf('-'));

/** A launch is named after its first attempt: no attempt is ever launched twice. Client token: at most 64 characters. */
export const launchIdOf = (deploymentId: string, firstAttemptId: string) => `mf-${deploymentId}-${firstAttemptId}`;

/** Names that a runner of an attempt may have: the next one when our own try before was answered, but the reply lost. */
export const RUNNER_NAMES_PER_ATTEMPT = 3;

/** GitHub's name of the runner. `n`: 0 to 2, see above. */
export const runnerNameOf = (deploymentId: string, attemptId: string, n = 0) =>
  `mf-${deploymentId}-${attemptId}${n > 0 ? `-r${n}` : ''}`;

export const runnerNamesOf = (deploymentId: string, attemptId: string) =>
  Array.from({ length: RUNNER_NAMES_PER_ATTEMPT }, (_, n) => runnerNameOf(deploymentId, attemptId, n));

/** The attempt behind a runner's name; `undefined` for any runner that is not of this deployment. */
export function attemptIdOfRunner(deploymentId: string, runnerName: string): string | undefined {
  const prefix = `mf-${deploymentId}-`;
  if (!runnerName.startsWith(prefix)) return undefined;
  return /^(\d+-\d+)(-r\d)?$/.exec(runnerName.slice(prefix.length))?.[1];
}

/** `aws:userid` of an instance's role session: the key of its mailbox row. */
export const userIdOf = (roleId: string, instanceId: string) => `${roleId}:${instanceId}`;
