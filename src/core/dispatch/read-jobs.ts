/** Job records from the table, without deciding anything. */
import { limits } from '../limits.ts';
import type { Key, Table } from '../ports.ts';
import { fromItem, idOfMarker, jobKey, keyText, OPEN, shelfPrefix } from '../records.ts';
import type { Job, Pool } from '../types.ts';

/** At most 100, each once. Absent ones are left out. */
export async function readJobs(table: Table, keys: readonly Key[]): Promise<readonly Job[] | 'unavailable'> {
  // While it is listed, a job may move from one shelf to another.
  const once = [...new Map(keys.map((key) => [keyText(key), key])).values()];
  const items = once.length === 0 ? [] : await table.read(once);
  return items === 'unavailable' ? items : items.flatMap((item) => (item ? [fromItem<Job>(item)] : []));
}

/** Jobs of the pool that wait for their attempt, and of which GitHub has not told how they stand since `sinceMs`. */
export async function readLaunchingJobs(
  table: Table,
  pool: Pool,
  sinceMs: number,
): Promise<readonly Job[] | 'unavailable'> {
  const page = await table.query(OPEN, { prefix: shelfPrefix('job', pool.name), limit: limits.launchesPerPass });
  const jobs = page === 'unavailable' ? page : await readJobs(table, page.items.map(idOfMarker).map(jobKey));
  if (jobs === 'unavailable') return jobs;
  const isOpen = (job: Job) => job.state === 'LAUNCHING' && (job.checkedAt ?? job.createdAt) < sinceMs;
  return jobs.filter(isOpen).slice(0, limits.asksBeforeRetry);
}
