/** Online runners that are not ours and could take our jobs: those whose labels contain all of a pool's. */
import { attemptIdOfRunner } from '../../names.ts';
import type { Runner } from '../../ports.ts';
import type { Pool } from '../../types.ts';
import type { Action } from '../actions.ts';
import { placeOf, type Snapshot } from '../snapshot.ts';

export function findForeignRunners({ parts }: Snapshot): readonly Action[] {
  const { runners, pools, deploymentId, allowedForeignRunners: allowed } = parts;
  if (allowed === undefined) return [];
  const isForeign = ({ name, online }: Runner) =>
    online && attemptIdOfRunner(deploymentId, name) === undefined && !allowed.some((pattern) => fits(pattern, name));
  return [...pools.values()].flatMap((pool): Action[] => {
    const here = runners.get(placeOf(pool.scope)) ?? [];
    const names = here.filter((runner) => isForeign(runner) && couldServe(runner, pool)).map(({ name }) => name);
    if (names.length === 0) return [];
    const detail = `pool ${pool.name}, ${names.length}: ${names.slice(0, NAMED).join(', ')}`;
    return [{ kind: 'alarm', fault: 'foreign-runner', detail }];
  });
}

/** Of those found, so many are named. */
const NAMED = 5;

function couldServe(runner: Runner, pool: Pool): boolean {
  const offers = new Set(runner.labels.map((label) => label.toLowerCase()));
  return pool.labels.every((label) => offers.has(label.toLowerCase()));
}

/** `*` stands for any text. */
function fits(pattern: string, name: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(name);
}
