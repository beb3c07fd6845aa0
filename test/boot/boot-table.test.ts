/** What a boot costs: time by phase, CPU seconds, requests. CPU and requests are held to the design's budget. */
import { afterEach, expect, test } from 'vitest';
import { readBootReport } from '../../src/core/boot-report.ts';
import { COMPLETED, LISTENING, RUNNING } from './boot-rig.ts';
import { type MachineRig, openMachineRig } from './machine-rig.ts';

let rig: MachineRig;
afterEach(() => rig.close());

/** User and system ticks (10 ms) of the boot script and its ended children: fields 14 to 17 of its stat. */
const CPU = `s=$(</proc/$(pgrep -of scripts/part-001)/stat); s=(\${s##*) }); echo "cpu: $((s[11] + s[12] + s[13] + s[14]))"`;
/** The same of the whole machine: systemd and cloud-init too. */
const MACHINE = `echo "machine: $(sed -n 's/usage_usec //p' /sys/fs/cgroup/cpu.stat)"`;
const BOOTS = 3;

test('the boot table', { timeout: 120_000 }, async () => {
  rig = await openMachineRig({ listener: [LISTENING, 'sleep 0.5', CPU, MACHINE, RUNNING, COMPLETED].join('\n') });
  const boots: Awaited<ReturnType<typeof measure>>[] = [];
  for (let n = 0; n < BOOTS; n++) boots.push(await measure(`i-${n}`));
  const [first] = boots;
  const rows = [...(first?.phases.keys() ?? [])].map((name) => [name, median(boots, ({ phases }) => phases.get(name))]);
  const cpu = median(boots, ({ cpuS }) => cpuS);
  console.log(
    ['', 'phase            ms after start', ...rows.map(([name, ms]) => `${String(name).padEnd(16)} ${ms}`)].join('\n'),
    `\nCPU to the listener: ${cpu} s; of the whole machine: ${median(boots, ({ machineS }) => machineS)} s`,
    `\nrequests: ${first?.calls.join(', ')}; metadata: ${first?.metadata}`,
  );
  expect(cpu).toBeLessThanOrEqual(1);
  for (const { calls } of boots)
    expect(calls).toEqual(['letter-taken', 'runner-fetched', 'boot-reported', 'boot-reported', 'logs-stored']);
  // Of the script alone: two tokens, facts and credentials, and again for each report. cloud-init reads all of it.
  for (const { metadata } of boots) expect(metadata).toBeLessThan(60);
});

async function measure(id: string) {
  const before = rig.events.length;
  await rig.give(id);
  rig.start(id);
  const { log } = await rig.ended(id);
  const events = rig.events.slice(before);
  const [row] = await rig.mailbox.read([`AROATESTROLE:${id}`]);
  const phases = readBootReport(row?.boot)?.phases ?? [];
  const start = phases[0]?.at ?? 0;
  const number = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(log)?.[1]);
  return {
    phases: new Map(phases.map(({ name, at }) => [name, at - start])),
    cpuS: number('cpu') / 100,
    machineS: number('machine') / 1_000_000,
    calls: events.filter(({ kind }) => kind !== 'metadata-read').map(({ kind }) => kind),
    metadata: events.filter(({ kind }) => kind === 'metadata-read').length,
  };
}

function median<T>(of: readonly T[], value: (one: T) => number | undefined): number {
  const sorted = of.map((one) => value(one) ?? Number.NaN).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
