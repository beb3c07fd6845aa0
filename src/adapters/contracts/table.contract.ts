/** What every `Table` does. Partitions are the tests' own, so that one table serves them all. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Item, Table, Write } from '../../core/ports.ts';
import { queryPage } from './query-page.contract.ts';
import { describeTableModel } from './table-model.contract.ts';

let partitions = 0;
/** A partition that no other test uses. */
const freshPartition = () => `p#${++partitions}`;

const put = (item: Item, ifVersion: number): Write => ({ kind: 'put', item, ifVersion });
const ok = { kind: 'ok' };
const conflict = (...failed: number[]) => ({ kind: 'conflict', failed });

async function readOne(table: Table, pk: string, sk = 'a'): Promise<Item | undefined> {
  const items = await table.read([{ pk, sk }]);
  if (items === 'unavailable') throw new Error('the table is unavailable');
  return items[0];
}

/** `modelRuns`: how many random histories are compared with the naive model. */
export function describeTable(name: string, make: () => Promise<Table>, { modelRuns = 200 } = {}): void {
  let table: Table;
  beforeAll(async () => {
    table = await make();
  });
  describe(`${name}: a table`, () => {
    describeReads(() => table);
    describePuts(() => table);
    describeTransactions(() => table);
    describeCounters(() => table);
    describeQueries(() => table);
    describeRaces(() => table);
    describeBugs(() => table);
    describeTableModel(() => table, modelRuns);
  });
}

function describeReads(table: () => Table): void {
  test('reads in the order of the keys, with gaps where nothing is', async () => {
    const pk = freshPartition();
    await table().write([put({ pk, sk: 'a', v: 1 }, 0), put({ pk, sk: 'c', v: 1 }, 0)]);
    const keys = ['c', 'b', 'a'].map((sk) => ({ pk, sk }));
    expect(await table().read(keys)).toEqual([{ pk, sk: 'c', v: 1 }, undefined, { pk, sk: 'a', v: 1 }]);
    expect(await table().read([])).toEqual([]);
  });

  test('reads 100 keys at once', async () => {
    const pk = freshPartition();
    const items = Array.from({ length: 100 }, (_, n) => ({ pk, sk: `s${n}`, v: 1, text: 'x'.repeat(100) }));
    expect(await table().write(items.map((item) => put(item, 0)))).toEqual(ok);
    expect(await table().read(items.map(({ sk }) => ({ pk, sk })))).toEqual(items);
  });

  test('gives back every plain value as it was, without undefined attributes', async () => {
    const pk = freshPartition();
    const values = {
      text: '',
      zero: 0,
      real: -1.5,
      big: 2 ** 53 - 1,
      yes: true,
      none: null,
      list: [1, ['x'], { a: {} }],
    };
    await table().write([put({ pk, sk: 'a', v: 1, ...values, expiresAt: 2_000_000_000, gone: undefined }, 0)]);
    const item = await readOne(table(), pk);
    expect(item).toStrictEqual({ pk, sk: 'a', v: 1, ...values, expiresAt: 2_000_000_000 });
  });

  test('neither the item written nor the item read can change what is stored', async () => {
    const pk = freshPartition();
    const written = { pk, sk: 'a', v: 1, list: [{ n: 1 }] };
    await table().write([put(written, 0)]);
    (written.list[0] as { n: number }).n = 2;
    const read = (await readOne(table(), pk)) as typeof written;
    try {
      (read.list[0] as { n: number }).n = 3;
      read.v = 7;
    } catch {
      // A frozen item is as good.
    }
    expect(await readOne(table(), pk)).toEqual({ pk, sk: 'a', v: 1, list: [{ n: 1 }] });
  });
}

function describePuts(table: () => Table): void {
  test('creates only what is not there', async () => {
    const pk = freshPartition();
    expect(await table().write([put({ pk, sk: 'a', v: 1, n: 1 }, 0)])).toEqual(ok);
    expect(await table().write([put({ pk, sk: 'a', v: 1, n: 2 }, 0)])).toEqual(conflict(0));
    expect(await readOne(table(), pk)).toMatchObject({ n: 1 });
  });

  test('replaces only the version that the writer saw, and whole', async () => {
    const pk = freshPartition();
    expect(await table().write([put({ pk, sk: 'a', v: 2 }, 1)])).toEqual(conflict(0));
    await table().write([put({ pk, sk: 'a', v: 1, old: true }, 0)]);
    expect(await table().write([put({ pk, sk: 'a', v: 3 }, 2)])).toEqual(conflict(0));
    expect(await table().write([put({ pk, sk: 'a', v: 2 }, 1)])).toEqual(ok);
    expect(await readOne(table(), pk)).toEqual({ pk, sk: 'a', v: 2 });
  });

  test('deletes only the version that the writer saw', async () => {
    const pk = freshPartition();
    const remove = (ifVersion: number) => table().write([{ kind: 'delete', key: { pk, sk: 'a' }, ifVersion }]);
    expect(await remove(1)).toEqual(conflict(0));
    expect(await remove(0)).toEqual(ok);
    await table().write([put({ pk, sk: 'a', v: 1 }, 0)]);
    expect(await remove(0)).toEqual(conflict(0));
    expect(await remove(2)).toEqual(conflict(0));
    expect(await remove(1)).toEqual(ok);
    expect(await readOne(table(), pk)).toBeUndefined();
    expect(await table().write([put({ pk, sk: 'a', v: 1 }, 0)])).toEqual(ok);
  });
}

function describeTransactions(table: () => Table): void {
  test('writes all or nothing, and says which conditions failed', async () => {
    const pk = freshPartition();
    await table().write([put({ pk, sk: 'b', v: 1 }, 0), put({ pk, sk: 'd', v: 1 }, 0)]);
    const outcome = await table().write([
      put({ pk, sk: 'a', v: 1 }, 0),
      put({ pk, sk: 'b', v: 1 }, 0),
      { kind: 'add', key: { pk, sk: 'c' }, attribute: 'n', amount: 3, atMost: 2 },
      { kind: 'delete', key: { pk, sk: 'd' }, ifVersion: 1 },
      { kind: 'delete', key: { pk, sk: 'e' }, ifVersion: 4 },
    ]);
    expect(outcome).toEqual(conflict(1, 2, 4));
    expect((await queryPage(table(), pk)).items.map(({ sk }) => sk)).toEqual(['b', 'd']);
  });

  test('writes puts, deletes and counters of several partitions together', async () => {
    const [one, two] = [freshPartition(), freshPartition()];
    await table().write([put({ pk: one, sk: 'a', v: 1 }, 0)]);
    const outcome = await table().write([
      { kind: 'delete', key: { pk: one, sk: 'a' }, ifVersion: 1 },
      put({ pk: two, sk: 'a', v: 1 }, 0),
      { kind: 'add', key: { pk: two, sk: 'n' }, attribute: 'n', amount: 2 },
    ]);
    expect(outcome).toEqual(ok);
    expect(await readOne(table(), one)).toBeUndefined();
    expect((await queryPage(table(), two)).items).toEqual([
      { pk: two, sk: 'a', v: 1 },
      { pk: two, sk: 'n', v: 1, n: 2 },
    ]);
  });

  test('nothing to write is written', async () => {
    expect(await table().write([])).toEqual(ok);
  });
}

function describeCounters(table: () => Table): void {
  test('starts at 0, adds and subtracts, counts its writes and moves its expiry', async () => {
    const pk = freshPartition();
    const key = { pk, sk: 'a' };
    const add = { kind: 'add', key, attribute: 'points', amount: 5 } as const;
    expect(await table().write([{ ...add, expiresAt: 2_000_000_000 }])).toEqual(ok);
    expect(await table().write([{ ...add, amount: -7 }])).toEqual(ok);
    expect(await readOne(table(), pk)).toEqual({ ...key, v: 2, points: -2, expiresAt: 2_000_000_000 });
    await table().write([{ ...add, expiresAt: 2_000_000_060 }]);
    expect(await readOne(table(), pk)).toEqual({ ...key, v: 3, points: 3, expiresAt: 2_000_000_060 });
  });

  test.each([
    { from: undefined, amount: 10, outcome: ok },
    { from: undefined, amount: 11, outcome: conflict(0) },
    { from: 4, amount: 6, outcome: ok },
    { from: 4, amount: 7, outcome: conflict(0) },
    { from: -5, amount: 15, outcome: ok },
    { from: -5, amount: 16, outcome: conflict(0) },
    { from: 12, amount: 0, outcome: conflict(0) },
    { from: 12, amount: -2, outcome: ok },
  ])('from $from, adding $amount up to at most 10', async ({ from, amount, outcome }) => {
    const pk = freshPartition();
    const key = { pk, sk: 'a' };
    if (from !== undefined) await table().write([put({ ...key, v: 1, n: from }, 0)]);
    expect(await table().write([{ kind: 'add', key, attribute: 'n', amount, atMost: 10 }])).toEqual(outcome);
  });

  test('an item without the attribute counts from 0 and keeps its others', async () => {
    const pk = freshPartition();
    await table().write([put({ pk, sk: 'a', v: 1, other: 'x' }, 0)]);
    await table().write([{ kind: 'add', key: { pk, sk: 'a' }, attribute: 'n', amount: 2, atMost: 2 }]);
    expect(await readOne(table(), pk)).toEqual({ pk, sk: 'a', v: 2, other: 'x', n: 2 });
    expect(await table().write([put({ pk, sk: 'a', v: 3, n: 0 }, 2)])).toEqual(ok);
  });
}

function describeQueries(table: () => Table): void {
  async function filled(): Promise<string> {
    const pk = freshPartition();
    const sortKeys = ['job#10', 'job#2', 'launch#1', 'job#1', 'job', 'attempt#1', 'jobs'];
    await table().write(sortKeys.map((sk) => put({ pk, sk, v: 1 }, 0)));
    return pk;
  }

  test('gives a partition, or what starts with a prefix, in the order of the sort keys', async () => {
    const pk = await filled();
    const sortKeys = async (prefix?: string) => (await queryPage(table(), pk, { prefix })).items.map(({ sk }) => sk);
    expect(await sortKeys()).toEqual(['attempt#1', 'job', 'job#1', 'job#10', 'job#2', 'jobs', 'launch#1']);
    expect(await sortKeys('job#')).toEqual(['job#1', 'job#10', 'job#2']);
    expect(await sortKeys('job#1')).toEqual(['job#1', 'job#10']);
    expect(await sortKeys('k')).toEqual([]);
    expect((await queryPage(table(), freshPartition())).items).toEqual([]);
  });

  test.each([1, 2, 3, 4])('pages of %i give each item once, in order', async (limit) => {
    const pk = await filled();
    const seen: string[] = [];
    let after: string | undefined;
    let pages = 0;
    do {
      const page = await queryPage(table(), pk, { prefix: 'job', limit, after });
      expect(page.items.length).toBeLessThanOrEqual(limit);
      seen.push(...page.items.map(({ sk }) => sk));
      after = page.next;
      pages += 1;
      // The last page may be empty.
    } while (after !== undefined && pages <= 5);
    expect(after).toBeUndefined();
    expect(seen).toEqual(['job', 'job#1', 'job#10', 'job#2', 'jobs']);
  });

  test('a page goes on after its last item, though that is deleted meanwhile', async () => {
    const pk = await filled();
    const { next } = await queryPage(table(), pk, { prefix: 'job#', limit: 1 });
    await table().write([{ kind: 'delete', key: { pk, sk: 'job#1' }, ifVersion: 1 }]);
    const page = await queryPage(table(), pk, { prefix: 'job#', after: next });
    expect(page.items.map(({ sk }) => sk)).toEqual(['job#10', 'job#2']);
  });
}

function describeRaces(table: () => Table): void {
  test('of 20 conditional writes at once exactly one wins', async () => {
    const pk = freshPartition();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) => table().write([put({ pk, sk: 'a', v: 1, writer }, 0)])),
    );
    const winners = outcomes.flatMap(({ kind }, writer) => (kind === 'ok' ? [writer] : []));
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'conflict')).toHaveLength(19);
    expect(await readOne(table(), pk)).toMatchObject({ writer: winners[0] });
  });

  test('of 20 transactions over the same two items exactly one wins, whole', async () => {
    const pk = freshPartition();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, writer) =>
        table().write([put({ pk, sk: 'a', v: 1, writer }, 0), put({ pk, sk: 'b', v: 1, writer }, 0)]),
      ),
    );
    const winner = outcomes.findIndex(({ kind }) => kind === 'ok');
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(1);
    expect(await readOne(table(), pk, 'a')).toMatchObject({ writer: winner });
    expect(await readOne(table(), pk, 'b')).toMatchObject({ writer: winner });
  });

  test('30 additions at once never pass the limit, and none is lost', async () => {
    const pk = freshPartition();
    const key = { pk, sk: 'a' };
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () => table().write([{ kind: 'add', key, attribute: 'n', amount: 3, atMost: 40 }])),
    );
    // Every addition that lost a race wrote nothing; those that won account for the whole sum.
    const added = outcomes.filter(({ kind }) => kind === 'ok').length;
    expect(await readOne(table(), pk)).toMatchObject({ n: 3 * added, v: added });
    expect(3 * added).toBeLessThanOrEqual(40);
    expect(added).toBeGreaterThan(0);
  });
}

function describeBugs(table: () => Table): void {
  const pk = 'bugs';
  const key = { pk, sk: 'a' };
  const refused: readonly (readonly [string, readonly Write[]])[] = [
    ['more than 100 writes', Array.from({ length: 101 }, (_, n) => put({ pk, sk: `s${n}`, v: 1 }, 0))],
    ['two writes on one key', [put({ ...key, v: 1 }, 0), { kind: 'delete', key, ifVersion: 1 }]],
    ['an empty key', [put({ pk, sk: '', v: 1 }, 0)]],
    ['a put of version 0', [put({ ...key, v: 0 }, 0)]],
    ['an expiry in milliseconds', [put({ ...key, v: 1, expiresAt: 1_790_000_000_000 }, 0)]],
    ['an expiry in milliseconds of a counter', [{ kind: 'add', key, attribute: 'n', amount: 1, expiresAt: 1.79e12 }]],
    ['a number that is none', [put({ ...key, v: 1, n: Number.NaN }, 0)]],
    ['a value that is not JSON', [put({ ...key, v: 1, at: new Date(0) }, 0)]],
  ];
  test.each(refused)('throws for %s', async (_, writes) => {
    await expect(table().write(writes)).rejects.toThrow();
    expect((await queryPage(table(), pk)).items).toEqual([]);
  });

  test('throws for an addition to what is not a number', async () => {
    const own = freshPartition();
    await table().write([put({ pk: own, sk: 'a', v: 1, n: 'text' }, 0)]);
    const add = { kind: 'add', key: { pk: own, sk: 'a' }, attribute: 'n', amount: 1 } as const;
    await expect(table().write([add])).rejects.toThrow();
    await expect(table().write([add, put({ pk: own, sk: 'b', v: 1 }, 0)])).rejects.toThrow();
  });

  test('throws for a read of more than 100 keys or of one key twice', async () => {
    await expect(table().read(Array.from({ length: 101 }, (_, n) => ({ pk, sk: `s${n}` })))).rejects.toThrow();
    await expect(table().read([key, { ...key }])).rejects.toThrow();
  });
}
