/**
 * The ports to GitHub, answered by the model without HTTP, tokens and JSON between: for a simulator, which turns the clock
 * thousands of times as fast. To the caller the same as `createGitHubApp` over `serveGitHub`: permissions and rate limits
 * hold, and times have no milliseconds.
 */
import type { Deliveries, GitHub, GitHubJobs, RunnerDownload } from '../../core/ports.ts';
import { directDeliveries } from './direct/deliveries.ts';
import { directJobs } from './direct/jobs.ts';
import { directRunners } from './direct/runners.ts';
import type { GitHubModel } from './model/model.ts';

export interface DirectGitHub {
  readonly github: GitHub;
  readonly jobs: GitHubJobs;
  readonly deliveries: Deliveries;
}

/** `downloads`: the runner packages to offer. Default: none. */
export const directGitHub = (model: GitHubModel, downloads: readonly RunnerDownload[] = []): DirectGitHub => ({
  github: directRunners(model, downloads),
  jobs: directJobs(model),
  deliveries: directDeliveries(model),
});
