import { listener } from './listener.ts';
import {
  configScript,
  envScript,
  installDependenciesScript,
  runHelperScript,
  runScript,
  safeSleepScript,
} from './root-scripts.ts';
import type { RunnerTimes } from './times.ts';
import { worker } from './worker.ts';

/** Path in the tarball -> text. The layout is the official runner's, as far as people and boot scripts touch it. */
export const runnerFiles = (version: string, times: RunnerTimes): Record<string, string> => ({
  'run.sh': runScript,
  'run-helper.sh.template': runHelperScript(times),
  'config.sh': configScript,
  'env.sh': envScript,
  'safe_sleep.sh': safeSleepScript,
  'bin/Runner.Listener': listener(version, times),
  'bin/Runner.Worker': worker(times),
  'bin/installdependencies.sh': installDependenciesScript,
});
