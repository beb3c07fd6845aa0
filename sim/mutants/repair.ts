/** Mutants that repair nothing: one duty of the reconciler is left out. */
import { scenarios, swarm } from './killers.ts';
import type { Mutant } from './mutant.ts';
import type { Killer } from './probe.ts';

const without = (name: string, what: string, phase: string, killers: readonly Killer[]): Mutant => ({
  name,
  what,
  changes: [{ file: 'src/core/reconcile/decide.ts', text: `  ${phase},\n`, instead: '' }],
  killers,
});

export const REPAIR: readonly Mutant[] = [
  without(
    'supply-without-join',
    'an instance is supply as long as EC2 shows it, whatever GitHub knows of its runner',
    'findGhosts',
    scenarios('ghosts'),
  ),
  without(
    'no-boot-deadline',
    'a hung boot is waited for, for ever (CS #515)',
    'findLateBoots',
    scenarios('hung-boots'),
  ),
  without(
    'ec2-events-trusted',
    'an instance lives until EC2 says that it ended',
    'findLostInstances',
    scenarios('nobody-sends-events-of-ec2'),
  ),
  without('no-recount', 'counters that are wrong stay wrong', 'findWrongCounts', [swarm]),
  without('ends-not-resumed', 'an end that was broken off is never taken up', 'findOpenEnds', [
    ...scenarios('completed-never-comes'),
    swarm,
  ]),
  without('left-runners-stay', 'runners whose instance is gone stay registered', 'findLeftRunners', [swarm]),
  without(
    'jobs-not-asked-about',
    'a running job is believed to run until an event says otherwise',
    'findUncertainJobs',
    [...scenarios('completed-never-comes'), swarm],
  ),
  without('lifetime-not-watched', 'an instance beyond its lifetime is left to its own guards', 'findOverdue', [
    ...scenarios('lifetime-over'),
  ]),
];
