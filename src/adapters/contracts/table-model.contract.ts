/** Random histories of writes, against a model that is as simple as the words of the port. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Item, Table, Write } from '../../core/ports.ts';
import { queryPage } from './query-page.contract.ts';

const sortKeys = ['a', 'a#1', 'a#2', 'b'] as const;

/** A write without its partition, which each history has for itself. */
type Step = (pk: string) => Write;

const versions = fc.integer({ min: 0, max: 2 });
const steps: fc.Arbitrary<{ readonly sk: string; readonly step: Step }> = fc
  .record({ sk: fc.constantFrom(...sortKeys), ifVersion: versions, amount: fc.integer({ min: -3, max: 5 }) })
  .chain(({ sk, ifVersion, amount }) => {
    const put: Step = (pk) => ({ kind: 'put', item: { pk, sk, v: ifVersion + 1, n: amount }, ifVersion });
    const remove: Step = (pk) => ({ kind: 'delete', key: { pk, sk }, ifVersion });
    const add: Step = (pk) => ({ kind: 'add', key: { pk, sk }, attribute: 'n', amount, atMost: 6 });
    const free: Step = (pk) => ({ kind: 'add', key: { pk, sk }, attribute: 'n', amount });
    return fc.constantFrom(put, remove, add, free).map((step) => ({ sk, step }));
  });
const batches = fc.uniqueArray(steps, { selector: ({ sk }) => sk, minLength: 1, maxLength: 3 });
const histories = fc.array(batches, { minLength: 1, maxLength: 8 });

let history = 0;

export function describeTableModel(table: () => Table, numRuns: number): void {
  test('does what a naive model does', { timeout: 60_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories, fc.integer({ min: 1, max: 3 }), async (batches, limit) => {
        const pk = `model#${++history}`;
        let stored: Record<string, Item> = {};
        for (const batch of batches) {
          const writes = batch.map(({ step }) => step(pk));
          const failed = writes.flatMap((write, at) => (modelHolds(write, stored) ? [] : [at]));
          const expected = failed.length === 0 ? { kind: 'ok' } : { kind: 'conflict', failed };
          expect(await table().write(writes)).toEqual(expected);
          if (failed.length === 0) stored = writes.reduce(modelWrite, stored);
          expect(await table().read(sortKeys.map((sk) => ({ pk, sk })))).toEqual(sortKeys.map((sk) => stored[sk]));
        }
        const wanted = Object.values(stored).filter(({ sk }) => sk.startsWith('a#'));
        expect(await allPages(table(), pk, limit)).toEqual(wanted.sort((a, b) => (a.sk < b.sk ? -1 : 1)));
      }),
      { numRuns },
    );
  });
}

const skOf = (write: Write) => (write.kind === 'put' ? write.item.sk : write.key.sk);

function modelHolds(write: Write, stored: Record<string, Item>): boolean {
  const item = stored[skOf(write)];
  if (write.kind === 'add') return Number(item?.n ?? 0) + write.amount <= (write.atMost ?? Number.POSITIVE_INFINITY);
  return write.ifVersion === 0 ? item === undefined : item?.v === write.ifVersion;
}

function modelWrite(stored: Record<string, Item>, write: Write): Record<string, Item> {
  const sk = skOf(write);
  const { [sk]: item, ...others } = stored;
  if (write.kind === 'delete') return others;
  if (write.kind === 'put') return { ...others, [sk]: write.item };
  return { ...others, [sk]: { ...item, ...write.key, v: (item?.v ?? 0) + 1, n: Number(item?.n ?? 0) + write.amount } };
}

async function allPages(table: Table, pk: string, limit: number): Promise<Item[]> {
  const items: Item[] = [];
  let after: string | undefined;
  do {
    const page = await queryPage(table, pk, { prefix: 'a#', limit, after });
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return items;
}
