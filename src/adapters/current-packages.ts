/** Keys of the runner packages that instances are sent for now. `undefined`: the table does not say. */
import type { Table } from '../core/ports.ts';
import { runnerKey } from '../core/records.ts';
import type { Platform } from '../core/types.ts';

export async function currentPackages(
  table: Table,
  platforms: readonly Platform[],
): Promise<readonly string[] | undefined> {
  const rows = await table.read(platforms.map(runnerKey));
  return rows === 'unavailable' ? undefined : rows.flatMap((row) => (typeof row?.key === 'string' ? [row.key] : []));
}
