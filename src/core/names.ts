/** Names that several parts must agree on. They follow from content, so that a retry collides with itself. */

export const attemptIdOf = (jobId: string, n: number) => `${jobId}-${n}`;

/** The job that an attempt was first made for. */
export const jobIdOfAttempt = (attemptId: string) => attemptId.slice(0, attemptId.lastIndexOf('-'));

/** A launch is named after its first attempt: no attempt is ever launched twice. Client token: at most 64 characters. */
export const launchIdOf = (deploymentId: string, firstAttemptId: string) => `mf-${deploymentId}-${firstAttemptId}`;

/** GitHub's name of the runner. `retry`: the name was taken by our own first try, whose reply was lost. */
export const runnerNameOf = (deploymentId: string, attemptId: string, retry = false) =>
  `mf-${deploymentId}-${attemptId}${retry ? '-r' : ''}`;

/** The attempt behind a runner's name; `undefined` for any runner that is not of this deployment. */
export function attemptIdOfRunner(deploymentId: string, runnerName: string): string | undefined {
  const prefix = `mf-${deploymentId}-`;
  if (!runnerName.startsWith(prefix)) return undefined;
  return /^(\d+-\d+)(-r)?$/.exec(runnerName.slice(prefix.length))?.[1];
}

/** `aws:userid` of an instance's role session: the key of its mailbox row. */
export const userIdOf = (roleId: string, instanceId: string) => `${roleId}:${instanceId}`;
