/** The app that the stage deploys: a fleet as a user writes it, with a pool at on-demand prices and one on spot. */
import { App, Stack } from 'aws-cdk-lib';
import { InstanceMarket } from '../../../src/constructs/pool-choices.ts';
import { RunnerFleet } from '../../../src/constructs/runner-fleet.ts';
import { ORGANIZATION } from './github.ts';

export const STACK = 'Runners';

/** Synthesises into `assembly`. */
export function synthesise(assembly: string, githubUrl: string): void {
  const app = new App({ outdir: assembly });
  const stack = new Stack(app, STACK);
  const fleet = new RunnerFleet(stack, 'Fleet', { organization: ORGANIZATION, githubUrl });
  fleet.addPool('linux', { labels: ['linux', 'x64'], maxRunners: 50 });
  fleet.addPool('spot', { labels: ['spot'], market: InstanceMarket.SPOT_WITH_FALLBACK, maxRunners: 50 });
  app.synth();
}
