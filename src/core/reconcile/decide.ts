/** What to do about what was seen. Pure: each phase looks at one thing, and none depends on another. */
import type { Action } from './actions.ts';
import { findFailedInstances } from './phases/failed-instances.ts';
import { findForeignRunners } from './phases/foreign-runners.ts';
import { findGhosts } from './phases/ghosts.ts';
import { findLateBoots } from './phases/late-boots.ts';
import { findLeftRunners } from './phases/left-runners.ts';
import { findLostInstances } from './phases/lost-instances.ts';
import { findOpenEnds } from './phases/open-ends.ts';
import { findOrphans } from './phases/orphans.ts';
import { findOverdue } from './phases/overdue.ts';
import { findSightings } from './phases/sightings.ts';
import { findTroubledPools } from './phases/troubled-pools.ts';
import { findUnansweredLaunches } from './phases/unanswered-launches.ts';
import { findUncertainJobs } from './phases/uncertain-jobs.ts';
import { findWaitingPools } from './phases/waiting-pools.ts';
import { findWrongCounts } from './phases/wrong-counts.ts';
import type { Snapshot } from './snapshot.ts';

/** In the order in which they are performed: what is seen first, what is planned from it last. */
const PHASES: readonly ((snapshot: Snapshot) => readonly Action[])[] = [
  // EC2 and GitHub know more than the table.
  findLostInstances,
  findSightings,
  // Instances that shall end.
  findOverdue,
  findOrphans,
  findLateBoots,
  findGhosts,
  findOpenEnds,
  findLeftRunners,
  // Jobs whose events may be lost.
  findFailedInstances,
  findUncertainJobs,
  findUnansweredLaunches,
  findForeignRunners,
  findTroubledPools,
  // Supply and demand, as they are after all that.
  findWrongCounts,
  findWaitingPools,
];

export const decide = (snapshot: Snapshot): readonly Action[] => PHASES.flatMap((phase) => phase(snapshot));
