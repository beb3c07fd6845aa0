/** All markers of what is open, and the reconciler's own record: one query when little is. */
import type { Item, Table } from '../ports.ts';
import {
  idOfMarker,
  isMarker,
  OPEN,
  type RecordKind,
  recentRepository,
  recordKind,
  type Shelf,
  watchKey,
} from '../records.ts';
import { readWatch, type Watch } from './watch.ts';

export interface Marker {
  readonly kind: RecordKind;
  readonly shelf: Shelf;
  readonly pool: string;
  readonly id: string;
}

/** A repository that had a job, "owner/name", and when. */
export interface Recent {
  readonly name: string;
  readonly at: number;
  readonly v: number;
}

export interface Open {
  readonly watch: Watch;
  readonly recent: readonly Recent[];
  readonly markers: readonly Marker[];
}

export async function readOpen(table: Table): Promise<Open | 'unavailable'> {
  const items: Item[] = [];
  for (let after: string | undefined; ; ) {
    const page = await table.query(OPEN, { after });
    if (page === 'unavailable') return page;
    items.push(...page.items);
    after = page.next;
    if (after === undefined) break;
  }
  const own = items.find(({ sk }) => sk === watchKey.sk);
  const recent = items.flatMap((item) => {
    const name = recentRepository(item);
    return name === undefined ? [] : [{ name, at: item.at as number, v: item.v }];
  });
  return { watch: readWatch(own), recent, markers: items.filter(isMarker).map(toMarker) };
}

function toMarker(item: Item): Marker {
  const [shelf = '', pool = ''] = item.sk.split('#');
  return { shelf: shelf as Shelf, kind: recordKind(shelf as Shelf), pool, id: idOfMarker(item) };
}
