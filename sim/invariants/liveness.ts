/** After the faults stop, all work is done within a bounded time, and nothing is left. */
import type { MakeInvariant } from './invariant.ts';

export const everyJobRuns: MakeInvariant = () => ({
  name: 'every job runs',
  end: ({ waitingJobs }) => waitingJobs.map((id) => `job ${id} still waits`),
});

export const nothingIsLeft: MakeInvariant = () => ({
  name: 'nothing is left',
  end: ({ liveInstances, runners, deployments, isSettled }) => [
    ...liveInstances.map((id) => `instance ${id} still lives`),
    ...runners.map((name) => `runner ${name} is still registered`),
    ...deployments.flatMap(({ messages, open, reserved }, deployment) => [
      ...(messages > 0 ? [`${messages} messages are in queue ${deployment}`] : []),
      ...open.map((marker) => `${marker} stands open in table ${deployment}`),
      ...Object.entries(reserved).flatMap(([pool, live]) =>
        live === 0 ? [] : [`capacity of ${live} is reserved in pool ${deployment}/${pool}`],
      ),
    ]),
    ...(isSettled ? [] : ['it does not come to rest']),
  ],
});
