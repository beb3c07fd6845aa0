/**
 * Pools that were removed or renamed while something of theirs was open. Their last definition says how to end it; nothing
 * is launched in them any more.
 */
import type { Table } from '../ports.ts';
import { definitionKey } from '../records.ts';
import type { Pool } from '../types.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Open } from './read-open.ts';

/** The pools of today and, of what is open, those of yesterday. */
export async function withRetiredPools(deps: ReconcileDeps, { markers }: Open): Promise<ReconcileDeps> {
  const names = [...new Set(markers.map(({ pool }) => pool))].filter((name) => !deps.pools.has(name)).slice(0, 100);
  const items = names.length === 0 ? [] : await deps.table.read(names.map(definitionKey));
  if (items === 'unavailable') return deps;
  const retired = items.flatMap((item) => (item ? [{ ...(item.pool as Pool), maxRunners: 0 }] : []));
  return { ...deps, pools: new Map([...deps.pools, ...retired.map((pool) => [pool.name, pool] as const)]) };
}

export const isRetired = ({ pools }: Pick<ReconcileDeps, 'pools'>, { pool }: { readonly pool: string }) =>
  (pools.get(pool)?.maxRunners ?? 0) === 0;

/** Keeps what each pool is, for the time after it. */
export async function rememberPools(table: Table, pools: ReadonlyMap<string, Pool>): Promise<void> {
  const known = [...pools.values()].slice(0, 100);
  const items = known.length === 0 ? [] : await table.read(known.map(({ name }) => definitionKey(name)));
  if (items === 'unavailable') return;
  for (const [position, pool] of known.entries()) {
    const before = items[position];
    if (before && JSON.stringify(before.pool) === JSON.stringify(pool)) continue;
    const v = before?.v ?? 0;
    await table.write([{ kind: 'put', item: { ...definitionKey(pool.name), v: v + 1, pool }, ifVersion: v }]);
  }
}
