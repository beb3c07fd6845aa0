/** The app that the stage deploys: a fleet as a user writes it, with a pool at on-demand prices and one on spot. */
import { App, Stack } from 'aws-cdk-lib';
import { InstanceMarket } from '../../../src/constructs/pool-choices.ts';
import type { RunnerPoolOptions } from '../../../src/constructs/pool-options.ts';
import { RunnerFleet } from '../../../src/constructs/runner-fleet.ts';
import { ORGANIZATION } from './github.ts';

export const STACK = 'Runners';

export type Pools = Readonly<Record<string, RunnerPoolOptions>>;

export const POOLS: Pools = {
  linux: { labels: ['linux', 'x64'] },
  spot: { labels: ['spot'], market: InstanceMarket.SPOT_WITH_FALLBACK },
};

/** Synthesises into `assembly`. */
export function synthesise(assembly: string, githubUrl: string, pools: Pools): void {
  const app = new App({ outdir: assembly });
  const stack = new Stack(app, STACK);
  const fleet = new RunnerFleet(stack, 'Fleet', { organization: ORGANIZATION, githubUrl });
  for (const [name, options] of Object.entries(pools)) fleet.addPool(name, options);
  app.synth();
}
