/** Records change along the listed transitions only, and the product never meets a state that it holds impossible. */
import { ATTEMPT_TRANSITIONS } from '../../src/core/attempt-machine.ts';
import { JOB_TRANSITIONS } from '../../src/core/job-machine.ts';
import { LAUNCH_TRANSITIONS } from '../../src/core/launch-machine.ts';
import type { RecordKind } from '../../src/core/records.ts';
import type { MakeInvariant } from './invariant.ts';

type Table = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** State -> what it may become in one change, which may be several events at once. */
function reachable(table: Table): ReadonlyMap<string, ReadonlySet<string>> {
  return new Map(
    Object.keys(table).map((from) => {
      const seen = new Set([from]);
      for (const state of seen)
        for (const cell of Object.values(table[state] ?? {})) if (cell !== 'stay' && cell !== 'bug') seen.add(cell);
      return [from, seen];
    }),
  );
}

const MACHINES: Record<RecordKind, ReadonlyMap<string, ReadonlySet<string>>> = {
  job: reachable(JOB_TRANSITIONS),
  attempt: reachable(ATTEMPT_TRANSITIONS),
  launch: reachable(LAUNCH_TRANSITIONS),
};

export const listedTransitions: MakeInvariant = () => ({
  name: 'only listed transitions',
  see(happening) {
    if (happening.kind !== 'record' || !happening.before) return undefined;
    const { record, before, after } = happening;
    return MACHINES[record].get(before.state)?.has(after.state)
      ? undefined
      : `${record} ${after.id} became ${after.state} from ${before.state}`;
  },
});

export const noBugs: MakeInvariant = () => ({
  name: 'no bug',
  see(happening) {
    if (happening.kind !== 'log' || happening.entry.event !== 'bug') return undefined;
    return `${happening.role}: ${String(happening.entry.error)}`;
  },
});
