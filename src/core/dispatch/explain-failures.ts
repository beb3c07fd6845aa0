/**
 * Why instances came to nothing, as they reported it. It becomes the reason of the attempt and of the job that waited for
 * it. Best effort: without a report the job says that its instance was lost, and the reconciler asks EC2 why.
 */

import { type BootReport, readBootReport } from '../boot-report.ts';
import { change } from '../change.ts';
import { isBootReason, type ReasonCode } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { userIdOf } from '../names.ts';
import { attemptKey, jobKey } from '../records.ts';
import type { Attempt } from '../types.ts';
import { changeDeps, type DispatchDeps } from './deps.ts';

interface Explained {
  readonly attempt: Attempt;
  readonly reason: ReasonCode;
  readonly boot: BootReport;
}

export async function explainFailures(deps: DispatchDeps, attempts: readonly Attempt[]): Promise<void> {
  if (attempts.length === 0) return;
  const reports = await readReports(deps, attempts);
  const explained = attempts.flatMap((attempt) => explain(deps, attempt, reports.get(attempt.id)) ?? []);
  if (explained.length === 0) return;
  const keys = explained.flatMap(({ attempt }) => [
    attemptKey(attempt.id),
    ...(attempt.jobId === undefined ? [] : [jobKey(attempt.jobId)]),
  ]);
  await change(changeDeps(deps), keys, (ledger) => {
    for (const one of explained) record(ledger, one);
  });
}

async function readReports(deps: DispatchDeps, attempts: readonly Attempt[]): Promise<Map<string, BootReport>> {
  const byUser = new Map<string, string>();
  for (const { id, pool, instanceId } of attempts) {
    const roleId = deps.pools.get(pool)?.roleId;
    if (roleId && instanceId) byUser.set(userIdOf(roleId, instanceId), id);
  }
  const rows = byUser.size === 0 ? [] : await deps.mailbox.read([...byUser.keys()]);
  const reports = new Map<string, BootReport>();
  for (const { id, boot } of rows === 'unavailable' ? [] : rows) {
    const report = readBootReport(boot);
    if (report) reports.set(byUser.get(id) as string, report);
  }
  return reports;
}

/** Also one that ended well reported how far it came. */
function explain(deps: DispatchDeps, attempt: Attempt, boot: BootReport | undefined): Explained | undefined {
  if (!boot) return undefined;
  if (!isBootReason(boot.code)) return { attempt, reason: 'instance-lost', boot };
  deps.log({ event: 'boot-failed', attempt: attempt.id, reason: boot.code, line: boot.line, output: boot.output });
  return { attempt, reason: boot.code, boot };
}

function record(ledger: Ledger, { attempt: { id, jobId }, reason, boot }: Explained): void {
  const attempt = ledger.attempt(id);
  if (attempt) ledger.setAttempt({ ...attempt, reason, boot });
  const job = jobId === undefined ? undefined : ledger.job(jobId);
  if (job?.reason === 'instance-lost') ledger.setJob({ ...job, reason });
}
