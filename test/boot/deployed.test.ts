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
import { ORGANIZATION, REPOSITORY } from '../aws/stage/github.ts';
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

const addRun = async () => {
  const workflow = await readWorkflow(WORKFLOW, readFileSync(WORKFLOW, 'utf8'));
  return stage.github.model.addRun((context) => startRun(workflow, context), REPOSITORY);
};

/**
 * Starts so many runs; gives their jobs' ids, and waits for the end of them and of their machines, for 60 s at most.
 * `failures`: how many more machines there are than jobs.
 */
async function runJobs(count: number, failures = 0) {
  const before = machines.ends.length;
  const known = new Set(stage.github.model.state.jobs.keys());
  const runs = await Promise.all(Array.from({ length: count }, addRun));
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

/** Puts other texts in the place of those of the boot script. */
const put = (changes: Readonly<Record<string, string>>) => (script: string) =>
  Object.entries(changes).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the boot script has no ${from}`);
    return text.replace(from, () => to);
  }, script);
const runInstead = (command: string) => ({ '"$RUNNER/bin/Runner.Listener" run': command });
const SHORT = { '\nPOLL_S=': '\nBOOT_LIMIT_MS=6000 POLL_S=' };

/** What befalls a machine, by the code with which it powers off. */
const FAILURES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'curl-too-old': { 'curl --version': 'echo curl 7.81.0' },
  'setup-failed': { 'SETUP=(': "SETUP=( 'echo no >&2; exit 3'" },
  'mail-missing': { "DYNAMODB_ENDPOINT='": "DYNAMODB_ENDPOINT='http://no-such-name.invalid' UNUSED='", ...SHORT },
  'runner-download': { '$S3/$RUNNER_KEY': '$S3/runner/none' },
  'runner-corrupt': { 'sha256sum <': 'sha1sum <' },
  'listener-failed': runInstead("bash -c 'kill -SEGV $$'"),
  'boot-deadline': { ...runInstead('sleep 600'), ...SHORT },
  'version-deprecated': runInstead("bash -c 'exit 7'"),
};
/** These can tell nobody but the console. */
const MUTE = ['curl-too-old', 'mail-missing'];

test('machines that fail, each in another way, are replaced, and every job runs', async () => {
  const codes = Object.keys(FAILURES);
  machines.spoils.push(...Object.values(FAILURES).map(put));
  const before = machines.ends.length;
  const jobIds = await runJobs(codes.length, codes.length);
  await expectAllGone(jobIds);
  const said = machines.ends.slice(before).map(({ log }) => /mayfly: ([a-z-]+) \(line/.exec(log)?.[1] ?? log);
  expect(said.toSorted()).toEqual([...codes, ...codes.map(() => 'done')].toSorted());
  const failed = stage.dispatch.entries().filter(({ event }) => event === 'boot-failed');
  expect(failed.map(({ reason }) => reason).toSorted()).toEqual(
    codes.filter((code) => !MUTE.includes(code)).toSorted(),
  );
  for (const { attempt, reason } of failed) {
    expect(await attemptRecord(stage, String(attempt))).toMatchObject({ state: 'GONE', boot: { code: reason } });
  }
}, 120_000);

test('ten jobs at once', async () => {
  const jobIds = await runJobs(10);
  expect(jobIds).toHaveLength(10);
  await expectAllGone(jobIds);
  expect(await instancesOf(stage, 'linux')).toHaveLength(1 + 2 * Object.keys(FAILURES).length + 10);
}, 180_000);

/** Somebody deletes the only runner at GitHub, as soon as it is as it should be. */
async function deleteRunner(is: (runner: { readonly online: boolean }) => boolean): Promise<void> {
  const { model } = stage.github;
  const found = () => [...model.state.runners.values()].find(is);
  await expect.poll(() => found() !== undefined, { timeout: 20_000, interval: 20 }).toBe(true);
  expect(model.deleteRunner({ kind: 'organization', organization: ORGANIZATION }, found()?.id ?? 0)).toBe('deleted');
}

test('a runner that is deleted at GitHub before it is there is replaced, and the job runs', async () => {
  const before = machines.ends.length;
  const deleted = deleteRunner(() => true);
  const jobIds = await runJobs(1, 1);
  await deleted;
  await expectAllGone(jobIds);
  const [failed, replacement] = machines.ends.slice(before);
  expect(failed?.log).toMatch(/mayfly: listener-failed \(line \d+, runner's exit status 1\)/);
  expect(replacement?.log).toMatch(/mayfly: done/);
}, 120_000);

test('a runner that is deleted at GitHub while it is idle ends its instance', async () => {
  const run = await addRun();
  const before = machines.ends.length;
  await expect.poll(() => stage.github.model.state.runners.size, { timeout: 20_000 }).toBe(1);
  stage.github.model.cancelRun(run.id);
  await deleteRunner(({ online }) => online);
  await expect.poll(() => machines.ends.length, { timeout: 20_000 }).toBe(before + 1);
  await quiet(stage);
  expect(machines.ends.at(-1)).toMatchObject({ how: 'poweroff', isGone: true });
  expect(machines.ends.at(-1)?.log).toMatch(/mayfly: no-job \(line \d+, runner's exit status 0\)/);
}, 120_000);
