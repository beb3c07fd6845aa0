/** Sets a pool's count of instances right: what is open, and what nobody has. The version proves that nothing changed. */
import { liveKey, RESERVED } from '../../records.ts';
import type { ReconcileDeps } from '../deps.ts';
import { readOpen } from '../read-open.ts';

/** The count first, then what is open: whoever reserves or frees room in between changes the version. */
export async function recount(deps: ReconcileDeps, pool: string, unbound: number): Promise<void> {
  const key = liveKey(pool);
  const read = await deps.table.read([key]);
  const open = read === 'unavailable' ? read : await readOpen(deps.table);
  if (read === 'unavailable' || open === 'unavailable') return;
  const v = read[0]?.v ?? 0;
  const live = unbound + open.markers.filter((marker) => marker.pool === pool && RESERVED.has(marker.shelf)).length;
  if (live === (read[0]?.live ?? 0)) return;
  const written = await deps.table.write([{ kind: 'put', item: { ...key, v: v + 1, live }, ifVersion: v }]);
  deps.log({ event: 'recount', pool, from: read[0]?.live, to: live, outcome: written.kind });
}
