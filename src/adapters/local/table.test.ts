import { expect, test } from 'vitest';
import { queryPage } from '../contracts/query-page.contract.ts';
import { describeTable } from '../contracts/table.contract.ts';
import { LocalTable } from './table.ts';

describeTable('local', async () => new LocalTable());

test('drops what has expired when told the time, and nothing else', async () => {
  const table = new LocalTable();
  await table.write([
    { kind: 'put', item: { pk: 'p', sk: 'past', v: 1, expiresAt: 100 }, ifVersion: 0 },
    { kind: 'put', item: { pk: 'p', sk: 'future', v: 1, expiresAt: 101 }, ifVersion: 0 },
    { kind: 'put', item: { pk: 'q', sk: 'never', v: 1 }, ifVersion: 0 },
  ]);
  table.expire(100_000);
  expect([...table.all()].map(({ sk }) => sk)).toEqual(['future', 'never']);
});

test('a query without a limit still comes in pages, so that no caller forgets them', async () => {
  const table = new LocalTable();
  for (let n = 0; n < 1_001; n += 1)
    await table.write([{ kind: 'put', item: { pk: 'p', sk: String(n).padStart(4, '0'), v: 1 }, ifVersion: 0 }]);
  const first = await queryPage(table, 'p');
  expect(first.items).toHaveLength(1_000);
  const second = await queryPage(table, 'p', { after: first.next });
  expect(second).toEqual({ items: [{ pk: 'p', sk: '1000', v: 1 }] });
});
