/** What the reconciler repairs of a deployed fleet, run by run: with the rights of its role, on a clock that is moved. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { Duration } from 'aws-cdk-lib';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { launchAsRoot } from './stage/launch-as-root.ts';
import { attemptRecord, instancesOf, jobRecord, quiet, startJobs } from './stage/look.ts';
import { enterInstance, type ScriptedInstance } from './stage/scripted-instance.ts';
import { openStage, type Stage } from './stage/stage.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** The shortest that a pool can have. With the reconciler's grace of 30 s a boot is late after 60 s. */
const bootDeadline = Duration.seconds(30);

/** Read again every few minutes, whatever is to be done. */
const SETTINGS = /GetParameters|GetSecretValue/;

let stage: Stage;

beforeAll(async () => {
  stage = await openStage({
    pools: {
      lost: { labels: ['lost'] },
      stuck: { labels: ['stuck'], bootDeadline },
      busy: { labels: ['busy'], bootDeadline },
      orphan: { labels: ['orphan'] },
    },
  });
}, 120_000);
afterAll(() => stage?.close());

/** Whatever was tried: nothing was refused that the product needs, and no function ended in an error of its own. */
afterEach(() => {
  expect(stage.gate.denials().map(({ call, detail }) => `${call} ${detail}`)).toEqual([]);
  const logs = [stage.reconciler, stage.dispatch, stage.webhook].flatMap((host) => host.logs);
  expect(logs.filter((line) => !line.startsWith('{') || line.includes('"event":"bug"'))).toEqual([]);
});

/** Events that GitHub sends meanwhile reach nobody. */
async function withoutWebhook(work: () => unknown): Promise<void> {
  const { webhookUrl: url, webhookSecret: secret, github } = stage;
  github.model.setHook({ url: 'http://127.0.0.1:9/webhook', secret });
  await work();
  await quiet(stage);
  github.model.setHook({ url, secret });
}

/** A run, and all that follows from it. */
async function tick() {
  const line = await stage.reconcile();
  await quiet(stage);
  return line;
}

async function onlyInstance(pool: string): Promise<ScriptedInstance> {
  await expect.poll(async () => (await instancesOf(stage, pool)).length, { timeout: 20_000 }).toBe(1);
  await quiet(stage);
  const [found] = await instancesOf(stage, pool);
  return enterInstance(stage, found?.InstanceId as string);
}

const statesOf = async (pool: string) =>
  Object.fromEntries((await instancesOf(stage, pool)).map(({ InstanceId, State }) => [InstanceId, State?.Name]));

async function runToTheEnd(instance: ScriptedInstance): Promise<void> {
  await instance.boot();
  instance.runJob();
  await instance.powerOff();
  await quiet(stage);
}

const runnerNames = () => [...stage.github.model.state.runners.values()].map(({ name }) => name);

// First, since EC2 says when an instance was launched by a clock that is not moved.
test('an instance of ours that no attempt has is ended, and no other', async () => {
  const foreign = await launchAsRoot(stage, 'orphan', 'another');
  const [jobId = ''] = startJobs(stage, 1, ['orphan']).jobIds;
  await expect.poll(async () => (await instancesOf(stage, 'orphan')).length, { timeout: 20_000 }).toBe(2);
  await quiet(stage);
  const attemptId = (await jobRecord(stage, jobId))?.attemptId as string;
  const bound = (await attemptRecord(stage, attemptId))?.instanceId as string;
  const orphan = await launchAsRoot(stage, 'orphan', stage.names.deploymentId);
  await tick();
  // It may be of a launch that is being recorded at this moment.
  const all = { [foreign]: 'running', [bound]: 'running' };
  stage.moveClock(MINUTE);
  await tick();
  await expect.poll(() => statesOf('orphan')).toEqual({ ...all, [orphan]: 'running' });
  stage.moveClock(70 * SECOND);
  await tick();
  expect(await statesOf('orphan')).toEqual({ ...all, [orphan]: 'terminated' });
  await runToTheEnd(await enterInstance(stage, bound));
  expect(await jobRecord(stage, jobId)).toMatchObject({ state: 'DONE' });
}, 60_000);

test('a lost webhook is delivered again, and its job runs', async () => {
  let [jobId = ''] = [''];
  await withoutWebhook(() => {
    [jobId = ''] = startJobs(stage, 1, ['lost']).jobIds;
  });
  expect(await jobRecord(stage, jobId)).toBeUndefined();
  await tick();
  const deliveries = [...stage.github.model.state.deliveries.values()].filter(({ job }) => String(job.id) === jobId);
  expect(deliveries.map(({ redelivery, result }) => [redelivery, result?.statusCode])).toEqual([
    [false, 0],
    [true, 202],
  ]);
  await runToTheEnd(await onlyInstance('lost'));
  expect(await jobRecord(stage, jobId)).toMatchObject({ state: 'DONE', conclusion: 'success' });
}, 60_000);

test('an instance that hangs in its boot is ended, its runner first, and replaced', async () => {
  const [jobId = ''] = startJobs(stage, 1, ['stuck']).jobIds;
  const stuck = await onlyInstance('stuck');
  const [name] = runnerNames();
  stage.moveClock(40 * SECOND);
  await tick();
  expect(await statesOf('stuck')).toEqual({ [stuck.id]: 'running' });

  const before = stage.gate.entries.length;
  const removedAt: number[] = [];
  const stop = stage.github.model.onEvent((event) => {
    if (event.kind === 'runner-removed' && event.runnerName === name) removedAt.push(stage.gate.entries.length);
  });
  stage.moveClock(25 * SECOND);
  await tick();
  stop();
  const ended = stage.gate.entries.findIndex(({ call }, at) => at >= before && call === 'ec2:TerminateInstances');
  expect(removedAt).toHaveLength(1);
  expect(ended).toBeGreaterThanOrEqual(removedAt[0] as number);

  const others = async () => (await instancesOf(stage, 'stuck')).filter(({ InstanceId }) => InstanceId !== stuck.id);
  stage.moveClock(15 * SECOND);
  await tick();
  expect(await statesOf('stuck')).toMatchObject({ [stuck.id]: 'terminated' });
  expect(await others()).toHaveLength(1);
  await runToTheEnd(await enterInstance(stage, (await others())[0]?.InstanceId as string));
  expect(await jobRecord(stage, jobId)).toMatchObject({ state: 'DONE', attempts: 2, failures: 1 });
}, 60_000);

test('a busy runner is left alone, whatever the table believes of it', async () => {
  const [jobId = ''] = startJobs(stage, 1, ['busy']).jobIds;
  const instance = await onlyInstance('busy');
  const attemptId = (await jobRecord(stage, jobId))?.attemptId as string;
  await instance.boot();
  await withoutWebhook(() => instance.startJob());
  const isUntouched = async () => {
    expect(await statesOf('busy')).toEqual({ [instance.id]: 'running' });
    expect(runnerNames()).toHaveLength(1);
  };

  // Nobody told that it has a job, and its boot deadline is over.
  stage.moveClock(65 * SECOND);
  instance.renew();
  await tick();
  await isUntouched();
  expect(await attemptRecord(stage, attemptId)).toMatchObject({ state: 'BUSY' });

  // Somebody told that its instance is gone.
  const sqs = new SQSClient(stage.moto.access);
  const MessageBody = JSON.stringify({ kind: 'instance', instanceId: instance.id, change: 'terminated' });
  await sqs.send(new SendMessageCommand({ QueueUrl: stage.names.queueUrl, MessageBody }));
  sqs.destroy();
  await quiet(stage);
  expect(await attemptRecord(stage, attemptId)).toMatchObject({ state: 'GONE' });
  for (let run = 0; run < 3; run += 1) {
    stage.moveClock(90 * SECOND);
    instance.renew();
    await tick();
    await isUntouched();
  }
  instance.finishJob();
  await instance.powerOff();
  await quiet(stage);
  expect(await jobRecord(stage, jobId)).toMatchObject({ state: 'DONE', conclusion: 'success' });
}, 60_000);

test('with nothing open it looks seldom, but finds an orphan all the same; then it rests', async () => {
  const orphan = await launchAsRoot(stage, 'lost', stage.names.deploymentId);
  for (let minute = 0; minute < 12; minute += 1) {
    stage.moveClock(MINUTE);
    await tick();
  }
  expect(await statesOf('lost')).toMatchObject({ [orphan]: 'terminated' });
  const idle: string[] = [];
  const charge = vi.spyOn(stage.github.model, 'charge');
  for (let minute = 0; minute < 20; minute += 1) {
    const before = stage.gate.entries.length;
    charge.mockClear();
    stage.moveClock(MINUTE);
    const { kind } = await stage.reconcile();
    const entries = stage.gate.entries.slice(before).filter(({ caller }) => caller.includes('Reconcile'));
    const calls = entries.map(({ call }) => call).filter((call) => !SETTINGS.test(call));
    if (kind === 'idle') idle.push([`github:${charge.mock.calls.length}`, ...calls].join(' '));
  }
  // It looks at EC2 every ten minutes only. What it asked GitHub about jobs is counted.
  expect(idle.length).toBeGreaterThanOrEqual(17);
  expect(new Set(idle)).toEqual(
    new Set([
      'github:1 dynamodb:Query',
      'github:1 dynamodb:Query dynamodb:BatchGetItem dynamodb:TransactWriteItems dynamodb:PutItem',
    ]),
  );
}, 120_000);
