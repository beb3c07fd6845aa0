/** Read, decide, write; again when others changed the same records meanwhile. The only way into the table. */
import { Ledger, NotLoaded } from './ledger.ts';
import { limits } from './limits.ts';
import type { Clock, Key, Table, WriteOutcome } from './ports.ts';
import { keyText } from './records.ts';

/** Rounds of following references: job -> the one it displaced -> attempt -> launch -> its attempts -> their jobs. */
const REFERENCE_ROUNDS = 8;
/** DynamoDB's limit of keys in one BatchGetItem. */
const KEYS_PER_READ = 100;

export type ChangeOutcome<Result> =
  /** `known`: the records as they stand now; a change that follows at once need not read them again. */
  | { readonly kind: 'ok'; readonly result: Result; readonly known: Ledger }
  | { readonly kind: 'failed'; readonly reason: 'table-conflict' | 'table-unavailable' };

export interface ChangeDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly maxRunnersOf: (pool: string) => number;
}

/** What to read: a list, or what follows from the records read so far, asked again after each round of reading. */
export type Keys = readonly Key[] | ((ledger: Ledger) => readonly Key[]);

/**
 * Reads `keys` and all that they refer to, lets `decide` change the ledger, and stores that in one transaction.
 * `decide` may run several times and must have no effect but on the ledger it gets. What is `known` from the change
 * before is not read at first: if it is outdated, the conditions of the transaction say so, and all is read anew.
 */
export async function change<Result>(
  deps: ChangeDeps,
  keys: Keys,
  decide: (ledger: Ledger) => Result,
  known?: Ledger,
): Promise<ChangeOutcome<Result>> {
  for (let round = 0; round < limits.conflictRetries; round++) {
    const ledger = known && round === 0 ? known.fork(deps.clock()) : new Ledger(deps.clock());
    if (!(await load(deps.table, ledger, keys))) return { kind: 'failed', reason: 'table-unavailable' };
    const result = decide(ledger);
    const writes = ledger.writes(deps.maxRunnersOf);
    const outcome = writes.length === 0 ? OK : await deps.table.write(writes);
    if (outcome.kind === 'ok') return { kind: 'ok', result, known: ledger.stored(writes) };
    if (outcome.kind !== 'conflict') return { kind: 'failed', reason: 'table-unavailable' };
  }
  return { kind: 'failed', reason: 'table-conflict' };
}

const OK: WriteOutcome = { kind: 'ok' };

async function load(table: Table, ledger: Ledger, keys: Keys): Promise<boolean> {
  const wantedNow = () =>
    ledger.missing([...(typeof keys === 'function' ? keys(ledger) : keys), ...ledger.references()]);
  let wanted = wantedNow();
  for (let round = 0; wanted.length > 0 && round <= REFERENCE_ROUNDS; round++) {
    for (let from = 0; from < wanted.length; from += KEYS_PER_READ) {
      const some = wanted.slice(from, from + KEYS_PER_READ);
      const items = await table.read(some);
      if (items === 'unavailable') return false;
      some.forEach((key, position) => {
        ledger.put(key, items[position]);
      });
    }
    wanted = wantedNow();
  }
  if (wanted.length > 0) throw new NotLoaded(wanted.map(keyText).join(', '));
  return true;
}
