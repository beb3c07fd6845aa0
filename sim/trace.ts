/** The readable story of one world: what happened, in the order in which it did. */
import type { Attempt, Job } from '../src/core/types.ts';
import type { HappeningAt } from './history.ts';
import { START } from './world.ts';

/** `undefined`: not worth a line. */
export function lineOf(happening: HappeningAt): string | undefined {
  const words = wordsOf(happening);
  if (words === undefined) return undefined;
  const place = 'deployment' in happening && happening.deployment > 0 ? `[${happening.deployment}] ` : '';
  return `${timeOf(happening.at - START)}  ${place}${shorten(words)}`;
}

/** Minutes, seconds and milliseconds since the world began. */
export function timeOf(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = ((ms % 60_000) / 1_000).toFixed(3).padStart(6, '0');
  return `${String(minutes).padStart(3)}:${seconds}`;
}

/** Ids as they differ: job 7, instance i-7. */
const shorten = (text: string) =>
  text
    .replaceAll(/\b5520{4,}(\d+)/g, '$1')
    .replaceAll(/\bi-0+([0-9a-f]+)/g, 'i-$1')
    .replaceAll(/\bmf-sim\d-/g, 'mf-');

function wordsOf(happening: HappeningAt): string | undefined {
  switch (happening.kind) {
    case 'fault':
      return `** FAULT ${happening.fault}`;
    case 'faults-over':
      return '** from here on nothing fails';
    case 'github':
      return githubWords(happening.event);
    case 'webhook':
      return `webhook      answers ${happening.status} to ${happening.sender}`;
    case 'sent':
      return `queue        gets ${bodyWords(happening.body)}`;
    case 'acknowledged':
      return `queue        is done with ${bodyWords(happening.body)}`;
    case 'dead':
      return `queue        gives up ${bodyWords(happening.body)}`;
    case 'instance':
      return `instance     ${happening.instance.id} is ${happening.instance.state} ${happening.instance.stateReason ?? ''}`;
    case 'letter-taken':
      return `instance     ${happening.instanceId} takes the letter of ${happening.runnerName}`;
    case 'connected':
      return `instance     ${happening.instanceId} connects as ${happening.runnerName}`;
    case 'terminate':
      return `fleet        terminate ${happening.instanceId}: ${happening.outcome} (runner: ${happening.runner}${
        happening.excuse ? `, ${happening.excuse}` : ''
      })`;
    case 'fleet-answer':
      return `fleet        launch ${happening.launchId}: ${happening.outcome} ${happening.detail ?? ''}`;
    case 'delete-runner':
      return `github       DELETE runner ${happening.runnerName ?? '(none)'}: ${happening.outcome}`;
    case 'github-call':
      return `${happening.role.padEnd(12)} calls GitHub: ${happening.call}`;
    case 'instances-listed':
      return `${happening.role.padEnd(12)} lists instances`;
    case 'github-limited':
      return `github       throttles ${happening.call}`;
    case 'record':
      return recordWords(happening);
    case 'log':
      return `${happening.role.padEnd(12)} logs ${JSON.stringify(happening.entry)}`;
    case 'died':
      return `** ${happening.role} dies: ${happening.why}`;
    case 'reconciled':
      return `reconcile    ${happening.result.kind}, ${happening.result.actions} actions`;
    case 'redeployed':
      return `** deployment in mid-flight, limits ${JSON.stringify(happening.limits)}`;
  }
}

function githubWords(event: Extract<HappeningAt, { kind: 'github' }>['event']): string {
  if (!('job' in event)) return `github       ${event.kind} ${event.runnerName}`;
  const { id, runnerName, conclusion, repository } = event.job;
  const runner = runnerName === undefined ? '' : ` on ${runnerName}`;
  return `github       ${event.kind} ${id} of ${repository}${runner} ${conclusion ?? ''}`;
}

function bodyWords(body: string): string {
  const message = JSON.parse(body) as Record<string, string>;
  if (message.kind === 'job') return `"${message.action} ${message.jobId}"`;
  return message.kind === 'wake' ? `"wake ${message.pool}"` : `"${message.change} ${message.instanceId}"`;
}

function recordWords({ record, before, after }: Extract<HappeningAt, { kind: 'record' }>): string {
  const change = before && before.state !== after.state ? `${before.state} -> ${after.state}` : after.state;
  return `table        ${record} ${after.id} ${change}${detailOf(after as Partial<Job & Attempt>)}`;
}

/** What one looks for: who belongs to whom, and why it waits. */
function detailOf({ jobId, attemptId, instanceId, reason, failures, retryAt }: Partial<Job & Attempt>): string {
  const parts = {
    job: jobId,
    attempt: attemptId,
    instance: instanceId,
    reason,
    failures: failures || undefined,
    retry: retryAt === undefined ? undefined : timeOf(retryAt - START).trim(),
  };
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${value}`)
    .join('');
}
