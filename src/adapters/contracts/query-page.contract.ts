import type { Page, Table } from '../../core/ports.ts';

/** A page of a table that must be available. */
export async function queryPage(table: Table, ...query: Parameters<Table['query']>): Promise<Page> {
  const page = await table.query(...query);
  if (page === 'unavailable') throw new Error('the table is unavailable');
  return page;
}
