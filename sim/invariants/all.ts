import type { Shape } from '../shape.ts';
import { fewGitHubCalls, frugal, noListingOnFastPath } from './economy.ts';
import { launchesAreExact, oneAttemptOneInstance, oneLetterOneInstance, oneRunnerOneJob } from './identity.ts';
import type { Invariant } from './invariant.ts';
import { githubPoints, poolLimits } from './limits.ts';
import { everyJobRuns, nothingIsLeft } from './liveness.ts';
import { acknowledgedIsDone, answeredIsQueued, unsignedDoesNothing } from './messages.ts';
import { deleteBeforeTerminate, neverKillBusy, touchOnlyOurs } from './safe-kill.ts';
import { listedTransitions, noBugs } from './transitions.ts';

export const allInvariants = (shape: Shape): Invariant[] => [
  oneLetterOneInstance(),
  oneRunnerOneJob(),
  oneAttemptOneInstance(),
  launchesAreExact(),
  neverKillBusy(),
  deleteBeforeTerminate(),
  touchOnlyOurs(),
  poolLimits(shape.deployments),
  githubPoints(),
  acknowledgedIsDone(),
  unsignedDoesNothing(),
  answeredIsQueued(),
  listedTransitions(),
  noBugs(),
  everyJobRuns(),
  nothingIsLeft(),
  frugal(),
  fewGitHubCalls(),
  noListingOnFastPath(),
];
