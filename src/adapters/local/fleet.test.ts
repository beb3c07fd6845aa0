import { expect, test } from 'vitest';
import { aPool } from '../../core/pool-test-support.ts';
import type { Launch } from '../../core/types.ts';
import { launchOf as aLaunch, describeFleet } from '../contracts/fleet.contract.ts';
import { type Capacity, LocalFleet } from './fleet.ts';
import type { LocalInstance } from './instance-host.ts';

const pool = aPool({ market: 'spot', onDemandFallback: true });

const launchOf = (id: string, count: number, other: Partial<Launch> = {}) =>
  aLaunch(pool, id, count, { market: 'spot', ...other });

function fleetWith(capacity?: (launch: Launch) => Capacity) {
  const time = { now: 1_000 };
  const started: LocalInstance[] = [];
  const stopped: string[] = [];
  const host = {
    start: (instance: LocalInstance) => void started.push(instance),
    stop: (id: string) => void stopped.push(id),
  };
  return { time, started, stopped, fleet: new LocalFleet({ clock: () => time.now, host, capacity }) };
}

describeFleet('local', async () => {
  const fleet: LocalFleet = new LocalFleet({
    clock: () => 0,
    host: { start: () => {}, stop: (id) => fleet.instanceEnded(id, 'x') },
  });
  const living = async (launchId: string) =>
    fleet.instances().flatMap((one) => (one.launchId === launchId && one.state !== 'terminated' ? [one.id] : []));
  return { fleet, pool, living };
});

const first = 'i-00000000000000001';
const second = 'i-00000000000000002';

test('launches as many instances as there are attempts, and hands them to the host', async () => {
  const { fleet, started } = fleetWith();
  expect(await fleet.launch(launchOf('launch', 2), pool)).toEqual({ kind: 'ok', instanceIds: [first, second] });
  expect(started).toEqual(fleet.instances());
  expect(started[0]).toEqual({
    id: first,
    launchId: 'launch',
    pool: 'linux',
    market: 'spot',
    state: 'pending',
    launchedAt: 1_000,
  });
});

test('the same launch gives the same answer and no further instance', async () => {
  const { fleet, started } = fleetWith();
  const outcome = await fleet.launch(launchOf('launch', 2), pool);
  fleet.instanceEnded(first, 'Client.InstanceInitiatedShutdown');
  expect(await fleet.launch(launchOf('launch', 2), pool)).toEqual(outcome);
  expect(started).toHaveLength(2);
});

test.each<Partial<Launch>>([
  { market: 'on-demand' },
  { launchTemplate: { id: 'lt-1', version: '4' } },
  { attemptIds: ['one'] },
])('the same launch with other parameters is over: %o', async (other) => {
  const { fleet, started } = fleetWith();
  await fleet.launch(launchOf('launch', 2), pool);
  expect(await fleet.launch(launchOf('launch', 2, other), pool)).toMatchObject({ kind: 'over' });
  expect(started).toHaveLength(2);
});

test('a launch whose instances are all gone is over', async () => {
  const { fleet } = fleetWith();
  await fleet.launch(launchOf('launch', 2), pool);
  fleet.instanceEnded(first, 'x');
  fleet.instanceEnded(second, 'x');
  expect(await fleet.launch(launchOf('launch', 2), pool)).toMatchObject({ kind: 'over' });
});

test('an instance runs, ends by itself, and says why', async () => {
  const { fleet, time } = fleetWith();
  const changes: string[] = [];
  fleet.onChange(({ id, state, stateReason }) => changes.push([id, state, stateReason].join(' ').trim()));
  await fleet.launch(launchOf('launch', 1), pool);
  fleet.instanceRunning(first);
  fleet.instanceRunning(first);
  time.now = 5_000;
  fleet.instanceEnded(first, 'Client.InstanceInitiatedShutdown');
  fleet.instanceEnded(first, 'Server.SpotInstanceTermination');
  fleet.instanceRunning(first);
  expect(changes).toEqual([
    `${first} pending`,
    `${first} running`,
    `${first} terminated Client.InstanceInitiatedShutdown`,
  ]);
  expect(fleet.instances()).toMatchObject([{ state: 'terminated', launchedAt: 1_000, terminatedAt: 5_000 }]);
});

test('terminating stops the host once; the instance is gone when the host says so', async () => {
  const { fleet, stopped } = fleetWith();
  await fleet.launch(launchOf('launch', 1), pool);
  expect(await fleet.terminate(first)).toBe('ok');
  expect(await fleet.terminate(first)).toBe('ok');
  expect(stopped).toEqual([first]);
  expect(fleet.instances()).toMatchObject([{ state: 'pending' }]);
  fleet.instanceEnded(first, 'Client.InstanceInitiatedShutdown');
  expect(fleet.instances()).toMatchObject([{ state: 'terminated', stateReason: 'Client.UserInitiatedShutdown' }]);
  expect(await fleet.terminate(first)).toBe('ok');
  expect(stopped).toEqual([first]);
  expect(await fleet.terminate('i-0ffffffffffffffff')).toBe('not-ours');
});

test('a host that ends an instance at once is fine', async () => {
  const fleet: LocalFleet = new LocalFleet({
    clock: () => 0,
    host: {
      start: ({ id }) => fleet.instanceRunning(id),
      stop: (id) => fleet.instanceEnded(id, 'Client.UserInitiatedShutdown'),
    },
  });
  await fleet.launch(launchOf('launch', 1), pool);
  expect(fleet.instances()).toMatchObject([{ state: 'running' }]);
  await fleet.terminate(first);
  expect(fleet.instances()).toMatchObject([{ state: 'terminated' }]);
});

test('less capacity gives fewer instances, none gives no-capacity, and a replay the same', async () => {
  const { fleet } = fleetWith(({ market }) => (market === 'spot' ? 1 : 0));
  expect(await fleet.launch(launchOf('a', 3), pool)).toEqual({ kind: 'ok', instanceIds: [first] });
  const none = launchOf('b', 1, { market: 'on-demand' });
  expect(await fleet.launch(none, pool)).toMatchObject({ kind: 'no-capacity' });
  expect(await fleet.launch(none, pool)).toMatchObject({ kind: 'no-capacity' });
});

test('what had no capacity is told with a shortfall, and with nothing at all, and again with a replay', async () => {
  const exhausted = [{ instanceType: 'm7i.large', subnetId: 'subnet-1' }];
  const { fleet } = fleetWith(({ attemptIds }) => ({ instances: attemptIds.length - 1, exhausted }));
  const short = { kind: 'ok', instanceIds: [first], exhausted };
  expect(await fleet.launch(launchOf('a', 2), pool)).toEqual(short);
  expect(await fleet.launch(launchOf('a', 2), pool)).toEqual(short);
  expect(await fleet.launch(launchOf('b', 1), pool)).toMatchObject({ kind: 'no-capacity', exhausted });
});

test('a filled launch tells of nothing exhausted: there was capacity all the same', async () => {
  const exhausted = [{ instanceType: 'm7i.large', subnetId: 'subnet-1' }];
  const { fleet } = fleetWith(() => ({ instances: 5, exhausted }));
  expect(await fleet.launch(launchOf('a', 2), pool)).toEqual({ kind: 'ok', instanceIds: [first, second] });
});

test('other choices are another request', async () => {
  const { fleet } = fleetWith();
  await fleet.launch(launchOf('launch', 1), pool);
  const exhausted = [{ instanceType: 'other', subnetId: 'other' }];
  const other = launchOf('launch', 1, { fleet: { ...pool.fleet, exhausted } });
  expect(await fleet.launch(other, pool)).toMatchObject({ kind: 'over' });
});

test('an ended instance is listed for an hour', async () => {
  const { fleet, time } = fleetWith();
  await fleet.launch(launchOf('launch', 1), pool);
  time.now = 5_000;
  fleet.instanceEnded(first, 'Client.InstanceInitiatedShutdown');
  time.now += 3_600_000;
  expect(await fleet.list()).toMatchObject([{ id: first, state: 'terminated' }]);
  time.now += 1;
  expect(await fleet.list()).toEqual([]);
  expect(fleet.instances()).toHaveLength(1);
});

test('a throttled or refused request used no token', async () => {
  let capacity: Capacity = 'throttled';
  const { fleet } = fleetWith(() => capacity);
  expect(await fleet.launch(launchOf('launch', 1), pool)).toMatchObject({ kind: 'throttled' });
  capacity = 'misconfigured';
  expect(await fleet.launch(launchOf('launch', 1), pool)).toMatchObject({ kind: 'misconfigured' });
  capacity = 1;
  expect(await fleet.launch(launchOf('launch', 1), pool)).toEqual({ kind: 'ok', instanceIds: [first] });
});

test('a lost answer is found by a replay', async () => {
  const { fleet, started } = fleetWith(() => 'unknown');
  expect(await fleet.launch(launchOf('launch', 2), pool)).toMatchObject({ kind: 'unknown' });
  expect(started).toHaveLength(2);
  expect(await fleet.launch(launchOf('launch', 2), pool)).toEqual({ kind: 'ok', instanceIds: [first, second] });
  expect(started).toHaveLength(2);
});
