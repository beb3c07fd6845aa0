import { App, Stack } from 'aws-cdk-lib';
import { RunnerFleet } from 'mayfly-runners';

const app = new App();
const stack = new Stack(app, 'Mayfly');
const runners = new RunnerFleet(stack, 'Runners', { organization: 'acme' });
runners.addPool('linux', { labels: ['linux', 'x64'] });
