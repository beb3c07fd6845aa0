/** What every fleet does. Replays and faults are tested with each adapter: not every stand-in of EC2 knows them. */
import { describe, expect, test } from 'vitest';
import type { Fleet, Instance } from '../../core/ports.ts';
import type { Launch, Pool } from '../../core/types.ts';

export interface FleetUnderTest {
  readonly fleet: Fleet;
  readonly pool: Pool;
  /** Of all instances of a launch that were not terminated, by whatever way there is beside the port. */
  living(launchId: string): Promise<readonly string[]>;
}

export const launchOf = (pool: Pool, id: string, count: number, other: Partial<Launch> = {}): Launch => ({
  v: 1,
  id,
  state: 'SENT',
  pool: pool.name,
  installationId: 1,
  market: pool.market,
  launchTemplate: pool.launchTemplate,
  fleet: pool.fleet,
  attemptIds: Array.from({ length: count }, (_, n) => `${id}-${n}`),
  storedAt: 0,
  ...other,
});

let launches = 0;
const nextId = () => {
  launches += 1;
  return `mf-test-${launches}`;
};

async function listed(fleet: Fleet, launchId: string): Promise<readonly Instance[]> {
  const all = await fleet.list();
  if (typeof all === 'string') throw new Error(`the list is ${all}`);
  return all.filter((instance) => instance.launchId === launchId);
}

export function describeFleet(name: string, make: () => Promise<FleetUnderTest>): void {
  describe(`${name}: a fleet`, () => {
    test.each<[number, Launch['market']]>([
      [1, 'on-demand'],
      [3, 'on-demand'],
      [2, 'spot'],
    ])('launches %d instances, %s', async (count, market) => {
      const { fleet, pool, living } = await make();
      const launch = launchOf(pool, nextId(), count, { market });
      const outcome = await fleet.launch(launch, pool);
      const instanceIds = outcome.kind === 'ok' ? outcome.instanceIds : [];
      expect(new Set(instanceIds).size).toBe(count);
      expect([...(await living(launch.id))].sort()).toEqual([...instanceIds].sort());
    });

    test('launches are apart', async () => {
      const { fleet, pool, living } = await make();
      const [one, two] = [launchOf(pool, nextId(), 1), launchOf(pool, nextId(), 1)];
      await Promise.all([fleet.launch(one, pool), fleet.launch(two, pool)]);
      expect(await living(one.id)).toHaveLength(1);
      expect(await living(two.id)).not.toEqual(await living(one.id));
    });

    test('terminates an instance, also twice, and no other', async () => {
      const { fleet, pool, living } = await make();
      const launch = launchOf(pool, nextId(), 2);
      await fleet.launch(launch, pool);
      const [first, second] = (await living(launch.id)) as [string, string];
      expect(await fleet.terminate(first)).toBe('ok');
      expect(await fleet.terminate(first)).toBe('ok');
      expect(await living(launch.id)).toEqual([second]);
    });
  });
  describeList(name, make);
}

function describeList(name: string, make: () => Promise<FleetUnderTest>): void {
  describe(`${name}: the instances of a fleet`, () => {
    test('each with its launch, pool, state and time', async () => {
      const { fleet, pool } = await make();
      const launch = launchOf(pool, nextId(), 2);
      const outcome = await fleet.launch(launch, pool);
      const instances = await listed(fleet, launch.id);
      expect(instances.map(({ id }) => id).sort()).toEqual(outcome.kind === 'ok' && [...outcome.instanceIds].sort());
      for (const instance of instances) {
        expect(instance).toMatchObject({ pool: pool.name, launchedAt: expect.any(Number) });
        expect(instance.launchedAt).not.toBeNaN();
        expect(['pending', 'running']).toContain(instance.state);
        expect(instance.stateReason).toBeUndefined();
      }
    });

    test('one that was terminated is shown as ended, and why', async () => {
      const { fleet, pool } = await make();
      const launch = launchOf(pool, nextId(), 2);
      const outcome = await fleet.launch(launch, pool);
      const [first = ''] = outcome.kind === 'ok' ? outcome.instanceIds : [];
      await fleet.terminate(first);
      const ended = (await listed(fleet, launch.id)).filter(({ state }) => /^(shutting-down|terminated)$/.test(state));
      expect(ended).toMatchObject([{ id: first, stateReason: 'Client.UserInitiatedShutdown' }]);
    });

    test('what was said to be exhausted is not asked for; without any choice there is no capacity', async () => {
      const { fleet, pool, living } = await make();
      const { instanceTypes, subnetIds } = pool.fleet;
      const all = instanceTypes.flatMap((instanceType) => subnetIds.map((subnetId) => ({ instanceType, subnetId })));
      const without = (exhausted: typeof all) => launchOf(pool, nextId(), 1, { fleet: { ...pool.fleet, exhausted } });
      expect(await fleet.launch(without(all.slice(1)), pool)).toMatchObject({ kind: 'ok' });
      const none = without(all);
      expect(await fleet.launch(none, pool)).toMatchObject({ kind: 'no-capacity' });
      expect(await living(none.id)).toEqual([]);
    });
  });
}
