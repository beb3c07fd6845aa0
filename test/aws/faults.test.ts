/** What EC2 may answer to a launch, and what becomes of the jobs: each fault through the deployed functions. */
import { aws_ec2 as ec2 } from 'aws-cdk-lib';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { InstanceMarket } from '../../src/constructs/pool-choices.ts';
import { attemptRecord, instancesOf, jobRecord, quiet, startJobs } from './stage/look.ts';
import { openStage, type Stage } from './stage/stage.ts';

/** Where capacity runs out, it stays remembered by type and subnet: each of these pools has a type of its own. */
const RUNNING_OUT = { partial: 'm5.large', fallback: 'm5a.large', nowhere: 'm5.xlarge' };
const ON_DEMAND = ['partial', 'throttled', 'unauthorized', 'lost', 'twice-lost'];
const WITH_FALLBACK = ['fallback', 'nowhere', 'no-role'];

let stage: Stage;
let runs: number[] = [];

beforeAll(async () => {
  const typesOf = (name: string) => {
    const type = RUNNING_OUT[name as keyof typeof RUNNING_OUT];
    return type === undefined ? {} : { instanceTypes: [new ec2.InstanceType(type)] };
  };
  const onDemand = ON_DEMAND.map((name) => [name, { labels: [name], ...typesOf(name) }]);
  const market = InstanceMarket.SPOT_WITH_FALLBACK;
  const spot = WITH_FALLBACK.map((name) => [name, { labels: [name], market, ...typesOf(name) }]);
  stage = await openStage({ pools: Object.fromEntries([...onDemand, ...spot]) });
}, 120_000);
afterAll(() => stage?.close());

afterEach(async () => {
  await stage.control.setCapacity({ spot: null, 'on-demand': null });
  for (const run of runs) stage.github.model.cancelRun(run);
  runs = [];
  await quiet(stage);
  expect(stage.gate.denials()).toEqual([]);
});

/** Jobs of a pool, all worked on. */
async function work(pool: string, count: number): Promise<string[]> {
  const { runId, jobIds } = startJobs(stage, count, [pool]);
  runs.push(runId);
  await quiet(stage);
  return jobIds;
}

const states = async (jobIds: readonly string[]) =>
  (await Promise.all(jobIds.map((id) => jobRecord(stage, id)))).map((job) => `${job?.state} ${job?.reason}`).sort();

const fleetCalls = () => stage.gate.entries.filter(({ call }) => call === 'ec2:CreateFleet').length;

const marketsOf = async (pool: string) =>
  (await instancesOf(stage, pool))
    .map(({ InstanceLifecycle }) => (InstanceLifecycle === 'spot' ? 'spot' : 'on-demand'))
    .sort();

test('of a fleet that comes in part, the rest waits with a reason', async () => {
  await stage.control.setCapacity({ 'on-demand': 3 });
  const jobIds = await work('partial', 5);
  expect(await instancesOf(stage, 'partial')).toHaveLength(3);
  const found = await states(jobIds);
  expect(found.filter((state) => state === 'WANTED no-capacity')).toHaveLength(2);
});

test('what spot has no room for is launched at on-demand prices', async () => {
  await stage.control.setCapacity({ spot: 2 });
  await work('fallback', 4);
  expect(await marketsOf('fallback')).toEqual(['on-demand', 'on-demand', 'spot', 'spot']);
});

test('where there is no capacity at all, the job waits and says so', async () => {
  await stage.control.setCapacity({ spot: 0, 'on-demand': 0 });
  const jobIds = await work('nowhere', 2);
  expect(await states(jobIds)).toEqual(['WANTED no-capacity', 'WANTED no-capacity']);
  expect(await instancesOf(stage, 'nowhere')).toEqual([]);
  // What had nothing is not asked for again at once.
  const before = fleetCalls();
  await stage.control.setCapacity({ spot: null, 'on-demand': null });
  expect(await states(await work('nowhere', 1))).toEqual(['WANTED no-capacity']);
  expect(fleetCalls()).toBe(before);
});

test('throttled, the job waits and is launched for later, once', async () => {
  stage.gate.addFault({ call: 'ec2:CreateFleet', kind: 'refuse', code: 'RequestLimitExceeded', times: 1 });
  const jobIds = await work('throttled', 1);
  expect(await instancesOf(stage, 'throttled')).toEqual([]);
  expect(await states(jobIds)).toEqual([expect.stringMatching(/throttled/)]);
  await expect.poll(async () => (await instancesOf(stage, 'throttled')).length, { timeout: 50_000 }).toBe(1);
}, 80_000);

test('without permission the job waits for a person: no fallback, no hot retry', async () => {
  const before = fleetCalls();
  stage.gate.addFault({ call: 'ec2:CreateFleet', kind: 'refuse', code: 'UnauthorizedOperation', times: 1 });
  const jobIds = await work('unauthorized', 1);
  expect(await states(jobIds)).toEqual([expect.stringMatching(/misconfigured/)]);
  expect(await instancesOf(stage, 'unauthorized')).toEqual([]);
  expect(fleetCalls()).toBe(before + 1);
});

test('a missing service-linked role for spot is no shortage: nothing is launched at on-demand prices', async () => {
  const before = fleetCalls();
  await stage.control.failFleets('AuthFailure.ServiceLinkedRoleCreationNotPermitted');
  const jobIds = await work('no-role', 1);
  expect(await states(jobIds)).toEqual([expect.stringMatching(/misconfigured/)]);
  expect(await instancesOf(stage, 'no-role')).toEqual([]);
  expect(fleetCalls()).toBe(before + 1);
});

test('after a lost reply the same request is repeated, and launches nothing more', async () => {
  const before = (await stage.control.launches()).length;
  stage.gate.addFault({ call: 'ec2:CreateFleet', kind: 'lose-reply', times: 1 });
  await work('lost', 3);
  expect(await instancesOf(stage, 'lost')).toHaveLength(3);
  const launches = (await stage.control.launches()).slice(before);
  expect(launches.some(({ replayed }) => replayed)).toBe(true);
});

test('a launch whose every answer was lost is found again by its token when it is planned anew', async () => {
  // Twice at once: the caller itself tries a second time on a new connection.
  stage.gate.addFault({ call: 'ec2:CreateFleet', kind: 'lose-reply', times: 2 });
  const jobIds = await work('twice-lost', 1);
  expect(await states(jobIds)).toEqual([expect.stringMatching(/ec2-unanswered/)]);
  const attemptId = (await jobRecord(stage, jobIds[0] as string))?.attemptId as string;
  expect((await attemptRecord(stage, attemptId))?.instanceId).toBeUndefined();
  const [launched] = await instancesOf(stage, 'twice-lost');
  const bound = async () => (await attemptRecord(stage, attemptId))?.instanceId;
  await expect.poll(bound, { timeout: 60_000, interval: 500 }).toBe(launched?.InstanceId);
  expect(await instancesOf(stage, 'twice-lost')).toHaveLength(1);
}, 80_000);
