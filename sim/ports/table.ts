/** The table, with failures; tells what becomes of jobs, attempts and launches. */
import type { LocalTable } from '../../src/adapters/local/table.ts';
import type { Item, Table, Write, WriteOutcome } from '../../src/core/ports.ts';
import { fromItem, type RecordKind } from '../../src/core/records.ts';
import { type CallTime, effect, type PortContext, read } from './call.ts';

const TIME: CallTime = { fromMs: 3, toMs: 15 };

export function tablePort(context: PortContext, table: LocalTable): Table {
  const { strike } = context;
  return {
    read: (keys) => read(context, TIME, async () => (strike('table-unavailable') ? 'unavailable' : table.read(keys))),
    query: (pk, options) =>
      read(context, TIME, async () => (strike('table-unavailable') ? 'unavailable' : table.query(pk, options))),
    write: (writes) => effect(context, TIME, () => write(context, table, writes)),
  };
}

async function write(context: PortContext, table: LocalTable, writes: readonly Write[]): Promise<WriteOutcome> {
  const { strike } = context;
  if (strike('table-unavailable')) return { kind: 'unavailable' };
  if (strike('table-throttled')) return { kind: 'throttled' };
  if (strike('table-race')) return { kind: 'conflict', failed: [] };
  const records = writes.filter(isRecord);
  const before = await table.read(records.map(({ item: { pk, sk } }) => ({ pk, sk })));
  const outcome = await table.write(writes);
  if (outcome.kind !== 'ok') return outcome;
  records.forEach(({ item }, position) => {
    tellRecord(context, item, before[position]);
  });
  return strike('table-lost-reply') ? { kind: 'unavailable' } : outcome;
}

const RECORD = /^(job|attempt|launch)#/;

const isRecord = (write: Write): write is Write & { kind: 'put' } => write.kind === 'put' && RECORD.test(write.item.pk);

function tellRecord({ tell, deployment }: PortContext, after: Item, before: Item | undefined): void {
  const record = after.pk.slice(0, after.pk.indexOf('#')) as RecordKind;
  tell({ kind: 'record', deployment, record, before: before && fromItem(before), after: fromItem(after) });
}
