/**
 * DynamoDB in memory: conditional writes, all-or-nothing transactions, counters, queries in the order of sort keys.
 * Stored items are frozen and handed out as they are, so a read copies nothing. Keys are compared by UTF-16 code unit,
 * which is DynamoDB's order for ASCII, and ours are ASCII.
 */
import type { Item, Key, Page, Table, Write, WriteOutcome } from '../../core/ports.ts';
import { checkKeys, checkWrites, keyOf } from '../table-rules.ts';
import { frozenCopy } from './frozen-copy.ts';
import { insertSorted, lowerBound, removeSorted } from './sorted-keys.ts';

/** DynamoDB ends a page at 1 MB, which is about this many of our records. */
const PAGE_ITEMS = 1_000;

interface Partition {
  readonly items: Map<string, Item>;
  readonly sortKeys: string[];
}

export class LocalTable implements Table {
  readonly #partitions = new Map<string, Partition>();

  async read(keys: readonly Key[]): Promise<readonly (Item | undefined)[]> {
    checkKeys(keys);
    return keys.map((key) => this.#find(key));
  }

  async query(pk: string, options: { prefix?: string; after?: string; limit?: number } = {}): Promise<Page> {
    const partition = this.#partitions.get(pk);
    if (partition === undefined) return { items: [] };
    const { prefix = '', after, limit = PAGE_ITEMS } = options;
    const items: Item[] = [];
    for (let at = startOf(partition.sortKeys, prefix, after); at < partition.sortKeys.length; at += 1) {
      const sortKey = partition.sortKeys[at] as string;
      if (!sortKey.startsWith(prefix)) break;
      items.push(partition.items.get(sortKey) as Item);
      // Like DynamoDB, a full page names a next one without looking whether it is empty.
      if (items.length === limit) return { items, next: sortKey };
    }
    return { items };
  }

  async write(writes: readonly Write[]): Promise<WriteOutcome> {
    checkWrites(writes);
    const failed: number[] = [];
    writes.forEach((write, position) => {
      if (!holds(write, this.#find(keyOf(write)))) failed.push(position);
    });
    if (failed.length > 0) return { kind: 'conflict', failed };
    for (const next of writes.map((write) => [keyOf(write), afterWrite(write, this.#find(keyOf(write)))] as const))
      this.#set(...next);
    return { kind: 'ok' };
  }

  /** Every record, for invariants and for what is left over. */
  *all(): Iterable<Item> {
    for (const { items } of this.#partitions.values()) yield* items.values();
  }

  /** Drops what has expired. DynamoDB does so some time after `expiresAt`, within days: the owner decides when. */
  expire(now: number): void {
    for (const item of [...this.all()])
      if (item.expiresAt !== undefined && item.expiresAt * 1_000 <= now) this.#set(item, undefined);
  }

  #find(key: Key): Item | undefined {
    return this.#partitions.get(key.pk)?.items.get(key.sk);
  }

  #set({ pk, sk }: Key, item: Item | undefined): void {
    let partition = this.#partitions.get(pk);
    if (item === undefined) {
      if (partition === undefined || !partition.items.delete(sk)) return;
      removeSorted(partition.sortKeys, sk);
      if (partition.items.size === 0) this.#partitions.delete(pk);
      return;
    }
    if (partition === undefined) {
      partition = { items: new Map(), sortKeys: [] };
      this.#partitions.set(pk, partition);
    }
    if (!partition.items.has(sk)) insertSorted(partition.sortKeys, sk);
    partition.items.set(sk, item);
  }
}

function startOf(sortKeys: readonly string[], prefix: string, after: string | undefined): number {
  if (after === undefined || after < prefix) return lowerBound(sortKeys, prefix);
  const at = lowerBound(sortKeys, after);
  return sortKeys[at] === after ? at + 1 : at;
}

function holds(write: Write, stored: Item | undefined): boolean {
  if (write.kind !== 'add') return (stored?.v ?? 0) === write.ifVersion;
  return write.atMost === undefined || countOf(stored, write.attribute) + write.amount <= write.atMost;
}

function afterWrite(write: Write, stored: Item | undefined): Item | undefined {
  if (write.kind === 'delete') return undefined;
  if (write.kind === 'put') return frozenCopy(write.item);
  const { pk, sk } = write.key;
  const expiry = write.expiresAt === undefined ? {} : { expiresAt: write.expiresAt };
  const sum = countOf(stored, write.attribute) + write.amount;
  return Object.freeze({ ...stored, pk, sk, v: (stored?.v ?? 0) + 1, ...expiry, [write.attribute]: sum });
}

function countOf(stored: Item | undefined, attribute: string): number {
  const count = stored?.[attribute] ?? 0;
  if (typeof count !== 'number') throw new TypeError(`${attribute} of ${stored?.pk} ${stored?.sk} is not a counter`);
  return count;
}
