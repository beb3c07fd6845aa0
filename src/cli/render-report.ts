/** The words of a rehearsal: its opening, its steps, and the report at its end. */
import type { FaultStory, Faults } from '../rehearsal/faults/faults.ts';
import type { Report } from '../rehearsal/rehearse.ts';
import { type JobStory, PHASES, type Phase, type Step } from '../rehearsal/timeline.ts';
import type { World } from '../rehearsal/world.ts';
import { printable } from './printable.ts';

export const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;

export const renderOpened = (world: World, faults: Faults | undefined) =>
  [
    'A GitHub stand-in, the webhook, the queue, dispatch, the reconciler and an instance host are up on this machine.',
    `Webhook ${world.webhookUrl}`,
    ...(faults ? [announceFaults(faults)] : []),
    '',
  ].join('\n');

const announceFaults = ({ stories, speed }: Faults) => `
Faults to be injected, lines with * tell of them: ${stories.map(({ name }) => name).join(', ')}.
So that waits of minutes are over in seconds, the clock of the control plane (table, queue, dispatch, reconciler) runs
${speed} times as fast as the wall clock; GitHub and the instances stay on the wall clock.`;

export function describeFault({ name, struck, healed }: FaultStory): string {
  if (healed) return `${name} healed: ${healed.how}`;
  return struck ? `${name}: ${struck.how}` : `${name}: never struck`;
}

/** What anybody needs to send an event of their own. */
export const renderInvitation = (world: World) =>
  `It stays up until Ctrl-C. To send it an event of your own (examples/event.json is one to start from):

  secret=${world.webhookSecret} file=examples/event.json
  curl -i -H 'content-type: application/json' -H 'x-github-event: workflow_job' \\
    -H "x-hub-signature-256: sha256=$(openssl dgst -sha256 -hmac "$secret" < "$file" | sed 's/.* //')" \\
    --data-binary @"$file" ${world.webhookUrl}
`;

export function describeStep({ phase, job }: Step): string {
  if (phase === 'launched') return `  on ${job.instanceId}`;
  if (phase === 'running') return job.madeFor ? `  on ${job.instanceId}, made for another job: swapped` : '';
  if (phase === 'done') return `  ${job.conclusion}`;
  return '';
}

export function renderEnd(report: Report): string {
  return [
    '',
    ...(report.faults ? [renderFaults(report.faults, report.openedAt), ''] : []),
    renderTimes(report.jobs),
    '',
    `Jobs: ${countBy(report.jobs.map(({ conclusion }) => conclusion ?? 'not over'))}. ${renderLaunches(report)}`,
    `Left behind: ${Object.entries(report.leftovers)
      .map(([what, count]) => `${count} ${what}`)
      .join(', ')}.`,
    ...(report.interrupted ? ['Interrupted: every instance was ended.'] : []),
    '',
    differences(report.host),
  ].join('\n');
}

/** How long each phase took, from reaching the one before. */
function renderTimes(jobs: readonly JobStory[]): string {
  const rows = PHASES.map((phase, position) => {
    const before = PHASES[position - 1];
    const waits = jobs.flatMap((job) => waitOf(job, before, phase) ?? []).sort((a, b) => a - b);
    return [phase, median(waits), waits.at(-1), waits.length] as const;
  });
  const cell = (ms: number | undefined) => (ms === undefined ? '-' : seconds(ms)).padStart(9);
  return [
    'Time to reach     median   longest   jobs',
    ...rows.map(
      ([phase, middle, most, count]) => `${phase.padEnd(14)}${cell(middle)} ${cell(most)} ${String(count).padStart(6)}`,
    ),
  ].join('\n');
}

function waitOf(job: JobStory, before: Phase | undefined, phase: Phase): number | undefined {
  const from = before === undefined ? job.createdAt : job.times[before];
  const to = job.times[phase];
  return from === undefined || to === undefined ? undefined : to - from;
}

const median = (sorted: readonly number[]) => sorted[Math.floor((sorted.length - 1) / 2)];

function countBy(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}

function renderLaunches({ jobs, launched }: Report): string {
  const ran = jobs.filter(({ instanceId, times }) => instanceId !== undefined && times.running !== undefined);
  const swapped = ran.filter(({ madeFor }) => madeFor !== undefined).length;
  const instances = new Set(ran.map(({ instanceId }) => instanceId)).size;
  const others = launched > instances ? `, ${launched - instances} more came to nothing` : '';
  return `${instances} instances ran them${others}; ${swapped} jobs took a runner that was made for another.`;
}

/** Each fault, when it struck, how long it took to heal, and how. */
function renderFaults(faults: readonly FaultStory[], openedAt: number): string {
  const rows = faults.flatMap(({ name, struck, healed }) => {
    if (!struck) return [`${name.padEnd(17)} never struck`];
    const took = healed ? `healed after ${seconds(healed.at - struck.at)}` : 'NOT HEALED';
    return [
      `${name.padEnd(17)} ${seconds(struck.at - openedAt).padStart(8)}  ${printable(struck.how)}`,
      `${' '.repeat(28)}${took}${healed ? `: ${printable(healed.how)}` : ''}`,
    ];
  });
  return ['Fault               struck  how it healed', ...rows].join('\n');
}

const INSTANCES: Readonly<Record<Report['host'], string>> = {
  process: `  launch      EC2 CreateFleet; here a process in a scratch folder, without a user or a network of its own
  boot        the same script, by cloud-init as root; here systemd-run, useradd and poweroff are stand-ins`,
  nspawn: `  launch      EC2 CreateFleet; here a container that boots Debian 13, with no network but what it needs of ours
  boot        the same, by systemd and cloud-init; here the host's kernel, and AWS is asked over HTTP on 127.0.0.1`,
};

const differences = (host: Report['host']) => `On AWS, other than here:
  webhook     API Gateway and a Lambda function; here an HTTP server that calls the same code
  reconciler  a Lambda function, every minute; here the same code, every other second
  queue       SQS; table and mailbox: DynamoDB; here in memory, held to the same tests
${INSTANCES[host]}
  runner      GitHub's actions/runner; here a small one in bash that runs the \`run:\` steps
  GitHub      github.com; here a model of it that speaks the REST paths and webhooks that are used`;
