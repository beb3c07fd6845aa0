/** Pools whose jobs wait for something that only a person can mend: one alarm for each reason. */
import type { ReasonCode } from '../../codes.ts';
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

const FOR_A_PERSON: ReadonlySet<ReasonCode> = new Set<ReasonCode>([
  'ec2-misconfigured',
  'github-auth',
  'github-refused',
  'job-unreadable',
  'runner-unmatched',
  'runner-cache-empty',
  'attempts-spent',
  'pool-failing',
  'pool-removed',
  'pool-runaway',
]);

export function findTroubledPools({ parts: { jobs } }: Snapshot): readonly Action[] {
  const waiting = new Map<string, { pool: string; fault: ReasonCode; jobs: number }>();
  for (const { state, reason, pool } of jobs) {
    if (reason === undefined || !FOR_A_PERSON.has(reason) || (state !== 'WANTED' && state !== 'LAUNCHING')) continue;
    const key = `${pool} ${reason}`;
    waiting.set(key, { pool, fault: reason, jobs: (waiting.get(key)?.jobs ?? 0) + 1 });
  }
  return [...waiting.values()].map(({ pool, fault, jobs: count }) => ({
    kind: 'alarm',
    fault,
    detail: `pool ${pool}, jobs that wait: ${count}`,
  }));
}
