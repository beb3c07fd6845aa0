/** What every fleet does. Replays and faults are tested with each adapter: not every stand-in of EC2 knows them. */
import { describe, expect, test } from 'vitest';
import type { Fleet } from '../../core/ports.ts';
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
}
