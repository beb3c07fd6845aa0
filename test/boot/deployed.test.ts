/**
 * The whole thread on AWS's own interfaces: a signed webhook, the deployed bundles, CreateFleet, and a machine that boots
 * with the launch template's user data, takes its JIT config and the runner with its role's rights, and runs the job.
 */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PoolImage } from '../../src/constructs/pool-image.ts';
import { prepareRootfs } from '../../src/rehearsal/hosts/nspawn-rootfs.ts';
import { readWorkflow } from '../../src/rehearsal/workflow/read-workflow.ts';
import { startRun } from '../../src/rehearsal/workflow/start-run.ts';
import { REPOSITORY } from '../aws/stage/github.ts';
import { attemptRecord, instancesOf, jobRecord, quiet } from '../aws/stage/look.ts';
import { openStage, type Stage } from '../aws/stage/stage.ts';
import { StageMachines } from './stage-machines.ts';
import { tracesOf } from './traces.ts';

/** The machines are no image of AWS's. */
const image = PoolImage.ami('ami-00000000000000001');

let stage: Stage;
let machines: StageMachines;
beforeAll(async () => {
  machines = new StageMachines(await prepareRootfs(() => {}));
  stage = await openStage({ onInstance: machines.onInstance, pools: { linux: { labels: ['linux', 'x64'], image } } });
  machines.join(stage);
}, 600_000);
afterAll(async () => {
  await machines.close();
  await stage?.close();
  expect(tracesOf(machines.run)).toEqual([]);
});

const WORKFLOW = 'examples/workflows/single-job.yml';

/**
 * Starts so many runs; gives their jobs' ids, and waits for the end of them and of their machines, for 60 s at most.
 * `failures`: how many more machines there are than jobs.
 */
async function runJobs(count: number, failures = 0) {
  const workflow = await readWorkflow(WORKFLOW, readFileSync(WORKFLOW, 'utf8'));
  const before = machines.ends.length;
  const known = new Set(stage.github.model.state.jobs.keys());
  const runs = Array.from({ length: count }, () =>
    stage.github.model.addRun((context) => startRun(workflow, context), REPOSITORY),
  );
  const isOver = () =>
    runs.every(({ run }) => run.conclusion !== undefined) && machines.ends.length >= before + count + failures;
  const end = Date.now() + 60_000;
  while (!isOver() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 100));
  await quiet(stage);
  expect(machines.faults).toEqual([]);
  const ends = machines.ends.slice(before);
  for (const { how, log } of ends) if (how !== 'poweroff') console.log(log);
  expect(runs.map(({ run }) => run.conclusion)).toEqual(runs.map(() => 'success'));
  expect(ends).toHaveLength(count + failures);
  for (const end of ends) expect(end).toMatchObject({ how: 'poweroff', isGone: true });
  return [...stage.github.model.state.jobs.keys()].filter((id) => !known.has(id)).map(String);
}

async function expectAllGone(jobIds: readonly string[]): Promise<void> {
  const jobs = await Promise.all(jobIds.map((id) => jobRecord(stage, id)));
  expect(jobs.map((job) => job?.state)).toEqual(jobs.map(() => 'DONE'));
  const attempts = await Promise.all(jobs.map((job) => attemptRecord(stage, job?.attemptId ?? '')));
  expect(attempts.map((attempt) => attempt?.state)).toEqual(jobs.map(() => 'GONE'));
  const instances = await instancesOf(stage, 'linux');
  expect(new Set(instances.map(({ State }) => State?.Name))).toEqual(new Set(['terminated']));
  expect(stage.github.model.state.runners.size).toBe(0);
  expect(stage.gate.denials()).toEqual([]);
}

test('one job, from the webhook to the end of its machine', async () => {
  const jobIds = await runJobs(1);
  await expectAllGone(jobIds);
  const [{ id, log } = { id: '', log: '' }] = machines.ends;
  expect(log).toMatch(/mayfly: done/);
  const calls = stage.gate.entries.filter(({ session }) => session === id).map(({ call }) => call);
  expect(calls).toEqual([
    'dynamodb:UpdateItem',
    's3:GetObject',
    'dynamodb:UpdateItem',
    'dynamodb:UpdateItem',
    's3:PutObject',
  ]);
}, 120_000);

test('an instance whose boot fails is replaced, and the job runs', async () => {
  stage.gate.addFault({ call: 's3:GetObject', kind: 'refuse', code: 'SlowDown', times: 3 });
  const before = machines.ends.length;
  const [jobId = ''] = await runJobs(1, 1);
  const job = await jobRecord(stage, jobId);
  expect(job?.state).toBe('DONE');
  const [failed, replacement] = machines.ends.slice(before);
  expect(failed?.log).toMatch(/mayfly: runner-download \(line \d+/);
  expect(replacement?.log).toMatch(/mayfly: done/);
  expect(stage.github.model.state.runners.size).toBe(0);
}, 120_000);

test('ten jobs at once', async () => {
  const jobIds = await runJobs(10);
  expect(jobIds).toHaveLength(10);
  await expectAllGone(jobIds);
  expect(await instancesOf(stage, 'linux')).toHaveLength(13);
}, 180_000);
