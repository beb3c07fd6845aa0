/** What is asked of EC2, and what its answers mean, against a server that answers by a script. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aPool } from '../../core/pool-test-support.ts';
import { launchOf } from '../contracts/fleet.contract.ts';
import { type ScriptedAnswer, type ScriptedServer, startScriptedServer } from '../contracts/scripted-server.ts';
import { createAwsCaller } from './call-aws.ts';
import { AwsFleet } from './fleet.ts';

let server: ScriptedServer;
let fleet: AwsFleet;
const pool = aPool({
  launchTemplate: { id: 'lt-1', version: '3' },
  fleet: {
    instanceTypes: ['m7i.large', 'm7a.large'],
    subnetIds: ['subnet-1', 'subnet-2'],
    spotAllocation: 'price-capacity-optimized',
    onDemandAllocation: 'prioritized',
  },
});

beforeAll(async () => {
  server = await startScriptedServer();
  const credentials = { accessKeyId: 'testing', secretAccessKey: 'testing' };
  const caller = createAwsCaller({
    region: 'eu-west-1',
    credentials,
    clock: Date.now,
    endpointOf: () => server.url,
  });
  fleet = new AwsFleet(caller, 'blue', { launchMs: 300, terminateMs: 300, listMs: 300 });
});
beforeEach(() => {
  server.seen.length = 0;
});
afterAll(() => server.close());

const item = (text: string) => `<item>${text}</item>`;
const answered = (instanceIds: readonly string[], errors: readonly string[] = []): ScriptedAnswer => ({
  status: 200,
  body: `<?xml version="1.0" encoding="UTF-8"?>
<CreateFleetResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><fleetId>fleet-1</fleetId>
<errorSet>${errors.map((code) => item(`<errorCode>${code}</errorCode><errorMessage>a &lt;b&gt;</errorMessage>`)).join('')}</errorSet>
<fleetInstanceSet>${instanceIds.map((id) => item(`<instanceIds>${item(id)}</instanceIds><lifecycle>spot</lifecycle>`)).join('')}</fleetInstanceSet>
</CreateFleetResponse>`,
});
interface FleetError {
  readonly code: string;
  readonly instanceType?: string;
  readonly subnetId?: string;
}
/** Errors as EC2 gives them: each for an override. */
const short = (instanceIds: readonly string[], ...errors: readonly FleetError[]): ScriptedAnswer => {
  const items = errors.map(({ code, instanceType, subnetId }) => {
    const type = instanceType === undefined ? '' : `<instanceType>${instanceType}</instanceType>`;
    const subnet = subnetId === undefined ? '' : `<subnetId>${subnetId}</subnetId>`;
    return item(
      `<launchTemplateAndOverrides><overrides>${type}${subnet}<priority>1.0</priority></overrides></launchTemplateAndOverrides><lifecycle>spot</lifecycle><errorCode>${code}</errorCode><errorMessage>no</errorMessage>`,
    );
  });
  const instances = item(`<instanceIds>${instanceIds.map(item).join('')}</instanceIds>`);
  return {
    status: 200,
    body: `<R><errorSet>${items.join('')}</errorSet><fleetInstanceSet>${instances}</fleetInstanceSet></R>`,
  };
};
const refused = (status: number, code: string): ScriptedAnswer => ({
  status,
  body: `<?xml version="1.0"?><Response><Errors><Error><Code>${code}</Code><Message>no</Message></Error></Errors></Response>`,
});

const asked = () => Object.fromEntries(new URLSearchParams(server.seen[0]?.text ?? ''));

test('a launch is one instant fleet: types x subnets, pinned template, token, tags, nothing of spot requests', async () => {
  server.script(answered(['i-1', 'i-2']));
  expect(await fleet.launch(launchOf(pool, 'mf-blue-1-1', 2))).toEqual({ kind: 'ok', instanceIds: ['i-1', 'i-2'] });
  const overrides = Object.fromEntries(
    [
      ['m7i.large', 'subnet-1', '0'],
      ['m7i.large', 'subnet-2', '0'],
      ['m7a.large', 'subnet-1', '1'],
      ['m7a.large', 'subnet-2', '1'],
    ].flatMap(([type, subnet, priority], at) => [
      [`LaunchTemplateConfigs.1.Overrides.${at + 1}.InstanceType`, type],
      [`LaunchTemplateConfigs.1.Overrides.${at + 1}.SubnetId`, subnet],
      [`LaunchTemplateConfigs.1.Overrides.${at + 1}.Priority`, priority],
    ]),
  );
  const tags = ['fleet', 'instance', 'volume'].flatMap((type, at) => [
    [`TagSpecification.${at + 1}.ResourceType`, type],
    ...[
      ['mayfly:deployment', 'blue'],
      ['mayfly:pool', 'linux'],
      ['mayfly:launch', 'mf-blue-1-1'],
    ].flatMap(([key, value], tag) => [
      [`TagSpecification.${at + 1}.Tag.${tag + 1}.Key`, key],
      [`TagSpecification.${at + 1}.Tag.${tag + 1}.Value`, value],
    ]),
  ]);
  expect(asked()).toEqual({
    Action: 'CreateFleet',
    Version: '2016-11-15',
    Type: 'instant',
    ClientToken: 'mf-blue-1-1',
    'TargetCapacitySpecification.TotalTargetCapacity': '2',
    'TargetCapacitySpecification.DefaultTargetCapacityType': 'on-demand',
    'OnDemandOptions.AllocationStrategy': 'prioritized',
    'LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId': 'lt-1',
    'LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version': '3',
    ...overrides,
    ...Object.fromEntries(tags),
  });
});

test('spot has its own options and no priorities', async () => {
  server.script(answered(['i-1']));
  await fleet.launch(launchOf(pool, 'l', 1, { market: 'spot' }));
  expect(asked()).toMatchObject({ 'SpotOptions.AllocationStrategy': 'price-capacity-optimized' });
  expect(Object.keys(asked()).filter((name) => /OnDemandOptions|Priority/.test(name))).toEqual([]);
});

test.each([
  ['no-capacity', ['InsufficientInstanceCapacity', 'UnfulfillableCapacity', 'Unsupported']],
  ['no-capacity', ['MaxSpotInstanceCountExceeded', 'SpotMaxPriceTooLow', 'VcpuLimitExceeded']],
  ['no-capacity', ['InsufficientFreeAddressesInSubnet', 'InsufficientReservedInstanceCapacity']],
  ['no-capacity', ['ReservationCapacityExceeded', 'MaxFleetCountExceeded']],
  ['no-capacity', []],
  ['throttled', ['InsufficientInstanceCapacity', 'RequestLimitExceeded']],
  ['misconfigured', ['UnfulfillableCapacity', 'AuthFailure.ServiceLinkedRoleCreationNotPermitted']],
  ['misconfigured', ['UnauthorizedOperation', 'RequestLimitExceeded']],
  ['misconfigured', ['InvalidAMIID.NotFound']],
])('a fleet without instances is %s: %j', async (kind, errors) => {
  server.script(answered([], errors));
  expect(await fleet.launch(launchOf(pool, 'l', 1))).toMatchObject({ kind });
});

test('a partial fleet is a shortfall by count, whatever its errors', async () => {
  server.script(answered(['i-1'], ['InsufficientInstanceCapacity', 'InsufficientInstanceCapacity']));
  expect(await fleet.launch(launchOf(pool, 'l', 3))).toEqual({ kind: 'ok', instanceIds: ['i-1'] });
});

const large = { instanceType: 'm7i.large', subnetId: 'subnet-1' };
const other = { instanceType: 'm7a.large', subnetId: 'subnet-2' };

test('what had nothing is told with a shortfall and with nothing, each choice once', async () => {
  const errors = [
    { code: 'InsufficientInstanceCapacity', ...large },
    { code: 'InsufficientInstanceCapacity', ...large },
    { code: 'Unsupported', ...other },
  ];
  server.script(short(['i-1'], ...errors), short([], ...errors));
  const exhausted = [large, other];
  expect(await fleet.launch(launchOf(pool, 'l', 2))).toEqual({ kind: 'ok', instanceIds: ['i-1'], exhausted });
  expect(await fleet.launch(launchOf(pool, 'l', 2))).toMatchObject({ kind: 'no-capacity', exhausted });
});

test('a filled launch exhausts nothing, whatever its errors', async () => {
  server.script(short(['i-1', 'i-2'], { code: 'Unsupported', ...large }));
  expect(await fleet.launch(launchOf(pool, 'l', 2))).toEqual({ kind: 'ok', instanceIds: ['i-1', 'i-2'] });
});

test.each<[string, Partial<typeof large>]>([
  ['UnauthorizedOperation', large],
  ['RequestLimitExceeded', large],
  ['VcpuLimitExceeded', large],
  ['MaxSpotInstanceCountExceeded', large],
  ['InsufficientInstanceCapacity', {}],
  ['InsufficientInstanceCapacity', { instanceType: 'm7i.large' }],
])('%s of %j exhausts no choice', async (code, override) => {
  server.script(short(['i-1'], { code, ...override }));
  expect(await fleet.launch(launchOf(pool, 'l', 2))).toEqual({ kind: 'ok', instanceIds: ['i-1'] });
});

test('exhausted choices are left out; the others keep their priority; without any EC2 is not asked', async () => {
  const { fleet: shape } = pool;
  const all = shape.instanceTypes.flatMap((instanceType) =>
    shape.subnetIds.map((subnetId) => ({ instanceType, subnetId })),
  );
  const without = (exhausted: typeof all) => launchOf(pool, 'l', 1, { fleet: { ...shape, exhausted } });
  server.script(answered(['i-1']));
  await fleet.launch(without(all.slice(0, 3)));
  expect(Object.entries(asked()).filter(([name]) => name.includes('Overrides'))).toEqual([
    ['LaunchTemplateConfigs.1.Overrides.1.InstanceType', 'm7a.large'],
    ['LaunchTemplateConfigs.1.Overrides.1.SubnetId', 'subnet-2'],
    ['LaunchTemplateConfigs.1.Overrides.1.Priority', '1'],
  ]);
  expect(await fleet.launch(without(all))).toMatchObject({ kind: 'no-capacity' });
  expect(server.seen).toHaveLength(1);
});

test('equal errors are told once, decoded', async () => {
  server.script(answered([], ['Unsupported', 'Unsupported']));
  expect(await fleet.launch(launchOf(pool, 'l', 1))).toEqual({ kind: 'no-capacity', detail: 'Unsupported a <b>' });
});

test.each<[ScriptedAnswer, string]>([
  [refused(503, 'RequestLimitExceeded'), 'throttled'],
  [refused(400, 'ThrottlingException'), 'throttled'],
  [refused(503, 'Unavailable'), 'throttled'],
  [refused(500, 'InternalError'), 'unknown'],
  [{ status: 502, body: '<html>' }, 'unknown'],
  [refused(400, 'InsufficientInstanceCapacity'), 'no-capacity'],
  [refused(400, 'MaxSpotInstanceCountExceeded'), 'no-capacity'],
  [refused(403, 'UnauthorizedOperation'), 'misconfigured'],
  [refused(400, 'InvalidLaunchTemplateId.NotFound'), 'misconfigured'],
  [refused(400, 'InvalidParameterValue'), 'misconfigured'],
  [refused(400, 'IdempotentParameterMismatch'), 'over'],
  [refused(400, 'IdempotentInstanceTerminated'), 'over'],
  [{ status: 200, body: '<CreateFleetResponse><fleetInst' }, 'unknown'],
  ['half', 'unknown'],
])('a launch that meets %j is %s', async (answer, kind) => {
  server.script(answer);
  expect(await fleet.launch(launchOf(pool, 'l', 1))).toMatchObject({ kind });
  expect(server.seen).toHaveLength(1);
});

test('a broken connection repeats the same request; broken again, it may have launched', async () => {
  server.script('reset', answered(['i-1']), 'reset', 'reset');
  expect(await fleet.launch(launchOf(pool, 'l', 1))).toEqual({ kind: 'ok', instanceIds: ['i-1'] });
  expect(server.seen[1]?.text).toBe(server.seen[0]?.text);
  expect(await fleet.launch(launchOf(pool, 'l', 1))).toMatchObject({ kind: 'unknown' });
});

test.each<[ScriptedAnswer, string]>([
  [{ status: 200, body: '<TerminateInstancesResponse/>' }, 'ok'],
  [refused(400, 'InvalidInstanceID.NotFound'), 'ok'],
  [refused(403, 'UnauthorizedOperation'), 'not-ours'],
  [refused(503, 'RequestLimitExceeded'), 'throttled'],
  [refused(500, 'InternalError'), 'unavailable'],
  ['half', 'unavailable'],
])('terminating that meets %j is %s', async (answer, outcome) => {
  server.script(answer);
  expect(await fleet.terminate('i-1')).toBe(outcome);
  expect(asked()).toEqual({ Action: 'TerminateInstances', Version: '2016-11-15', 'InstanceId.1': 'i-1' });
});

test('a request that EC2 does not understand is a bug: it throws', async () => {
  server.script(refused(400, 'InvalidInstanceID.Malformed'));
  await expect(fleet.terminate('nonsense')).rejects.toThrow('InvalidInstanceID.Malformed');
});

const listed = (id: string, more = '', next = ''): ScriptedAnswer => ({
  status: 200,
  body: `<R><reservationSet>${item(
    `<instancesSet>${item(
      `<instanceId>${id}</instanceId><instanceState><code>16</code><name>running</name></instanceState>
<launchTime>2026-11-24T10:00:00.000Z</launchTime><tagSet>${[
        ['mayfly:pool', 'linux'],
        ['mayfly:launch', 'mf-blue-1-1'],
      ]
        .map(([key, value]) => item(`<key>${key}</key><value>${value}</value>`))
        .join('')}</tagSet>${more}`,
    )}</instancesSet>`,
  )}</reservationSet>${next}</R>`,
});

test('all instances of the deployment, page by page', async () => {
  const reason = '<stateReason><code>Server.SpotInstanceTermination</code><message>gone</message></stateReason>';
  server.script(listed('i-1', '', '<nextToken>more</nextToken>'), listed('i-2', reason));
  const same = {
    launchId: 'mf-blue-1-1',
    pool: 'linux',
    state: 'running',
    launchedAt: Date.parse('2026-11-24T10:00:00Z'),
  };
  expect(await fleet.list()).toEqual([
    { id: 'i-1', ...same },
    { id: 'i-2', ...same, stateReason: 'Server.SpotInstanceTermination' },
  ]);
  const request = {
    Action: 'DescribeInstances',
    Version: '2016-11-15',
    'Filter.1.Name': 'tag:mayfly:deployment',
    'Filter.1.Value.1': 'blue',
    MaxResults: '1000',
  };
  expect(asked()).toEqual(request);
  expect(Object.fromEntries(new URLSearchParams(server.seen[1]?.text))).toEqual({ ...request, NextToken: 'more' });
});

test.each<[ScriptedAnswer, string]>([
  [refused(503, 'RequestLimitExceeded'), 'throttled'],
  [refused(500, 'InternalError'), 'unavailable'],
  ['half', 'unavailable'],
])('a list whose second page is %j is %s', async (answer, outcome) => {
  server.script(listed('i-1', '', '<nextToken>more</nextToken>'), answer);
  expect(await fleet.list()).toBe(outcome);
});

test('a list without permission is a bug: it throws', async () => {
  server.script(refused(403, 'UnauthorizedOperation'));
  await expect(fleet.list()).rejects.toThrow('DescribeInstances: 403 UnauthorizedOperation');
});
