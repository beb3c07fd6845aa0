/**
 * How instances booted, as they reported it: kept on the attempt once it has ended. Where the boot came to nothing, it says
 * why, and that becomes the reason of the job that waited. Best effort: without a report the job says that its instance
 * was lost, and the reconciler asks EC2 why.
 */
import { type BootReport, readBootReport } from '../boot-report.ts';
import { change } from '../change.ts';
import { isBootReason } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { userIdOf } from '../names.ts';
import { attemptKey, jobKey } from '../records.ts';
import type { Attempt } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';
import { isFailedBoot } from './fold-instance-event.ts';

interface Booted {
  /** As it was before its end. */
  readonly attempt: Attempt;
  readonly boot: BootReport;
}

export async function recordBoots(deps: DispatchDeps, ended: readonly Attempt[]): Promise<void> {
  const booted = await readReports(deps, ended);
  if (booted.length === 0) return;
  for (const { attempt, boot } of booted) {
    const { code: reason, line, output } = boot;
    if (isFailedBoot(attempt)) deps.log({ event: 'boot-failed', attempt: attempt.id, reason, line, output });
  }
  const keys = booted.flatMap(({ attempt: { id, jobId } }) => [
    attemptKey(id),
    ...(jobId === undefined ? [] : [jobKey(jobId)]),
  ]);
  await change(changeDeps(deps), keys, (ledger) => {
    for (const one of booted) record(ledger, one);
  });
}

async function readReports(deps: DispatchDeps, attempts: readonly Attempt[]): Promise<readonly Booted[]> {
  const byUser = new Map<string, Attempt>();
  for (const attempt of attempts) {
    const roleId = deps.pools.get(attempt.pool)?.roleId;
    if (roleId && attempt.instanceId) byUser.set(userIdOf(roleId, attempt.instanceId), attempt);
  }
  const rows = byUser.size === 0 ? [] : await deps.mailbox.read([...byUser.keys()]);
  return (rows === 'unavailable' ? [] : rows).flatMap((row) => {
    const attempt = byUser.get(row.id);
    const boot = readBootReport(row.boot);
    return attempt && boot ? [{ attempt, boot }] : [];
  });
}

function record(ledger: Ledger, { attempt: before, boot }: Booted): void {
  const attempt = ledger.attempt(before.id);
  // Only one of our own codes is believed.
  const reason = isFailedBoot(before) && isBootReason(boot.code) ? boot.code : undefined;
  if (attempt) ledger.setAttempt({ ...attempt, boot, ...(reason ? { reason } : {}) });
  const job = before.jobId === undefined ? undefined : ledger.job(before.jobId);
  if (job?.reason === 'instance-lost' && reason) ledger.setJob({ ...job, reason });
}
