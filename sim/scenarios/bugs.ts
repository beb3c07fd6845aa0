/** The mistakes that the review of the design found before any code: one scenario for each that the control plane could make. */
import type { Attempt } from '../../src/core/types.ts';
import { lightRun } from '../light-run.ts';
import { LABELS, REPOSITORIES, simPool, THIEF } from '../shape.ts';
import {
  all,
  always,
  any,
  endedBy,
  first,
  HOUR,
  jobs,
  launched,
  MINUTE,
  of,
  overBy,
  SECOND,
  saw,
  shape,
  struck,
  waitedFor,
} from './parts.ts';
import type { Scenario, Seen } from './scenario.ts';

const spotPool = simPool({ market: 'spot', onDemandFallback: true });
const siblings = [[simPool()], [simPool({ labels: ['self-hosted', 'sibling', 'x64'], roleId: 'AROASIBLING' })]];
const forSibling = { labels: ['self-hosted', 'sibling'] };

export const BUGS: readonly Scenario[] = [
  {
    name: 'swap-not-launch',
    from: 'A1: launching anew for a job whose runner was taken costs 1.4 launches a job',
    shape: shape(
      [0, 3, 6, 9, 12, 15].map((second) => jobs(6, { atMs: second * SECOND })),
      {
        deployments: [[simPool({ maxRunners: 100 })]],
      },
    ),
    expect: launched(36),
  },
  {
    name: 'spot-falls-back',
    from: 'A2: on-demand after spot, under the same token (runs-on #251)',
    shape: shape(jobs(6), { deployments: [[spotPool]] }),
    faults: first(2, 'launch-partial'),
    expect: launched(6),
  },
  {
    name: 'lost-answers',
    from: 'A2: a launch whose answer is lost is replayed, not repeated',
    shape: shape(jobs(6)),
    faults: any(first(3, 'launch-lost-reply'), first(2, 'launch-lost')),
    expect: launched(6),
  },
  {
    name: 'limit-under-concurrency',
    from: 'A4: several dispatchers and the reconciler at once, and no more instances than the pool may have',
    shape: shape(jobs(40, { runMs: 20 * SECOND }), { deployments: [[simPool({ maxRunners: 5 })]] }),
    faults: always('reconcile-overlap', 'queue-expired'),
    expect: all(launched(40), waitedFor('pool-full')),
  },
  {
    name: 'misconfigured',
    from: 'A5: a refused launch is neither repeated at speed nor taken for missing capacity (runs-on #233)',
    shape: shape(jobs(3), { deployments: [[spotPool]], faultMs: 5 * MINUTE }),
    faults: first(3, 'launch-misconfigured'),
    expect: all(launched(3), waitedFor('ec2-misconfigured'), ({ history }) => {
      const onDemand = history.some((one) => one.kind === 'instance' && one.instance.market === 'on-demand');
      return onDemand ? 'it fell back to on-demand' : undefined;
    }),
  },
  {
    name: 'dies-at-launch',
    from: 'A9: an instance dies at once, and only DescribeInstances says why',
    shape: shape(jobs(3)),
    faults: any(first(2, 'dies-at-launch'), always('ec2-event-lost')),
    expect: launched(5),
  },
  {
    name: 'ghosts',
    from: 'B1: the record of a runner is gone, its process waits for ever (actions/runner#4617)',
    shape: shape([jobs(2), jobs(2, { atMs: 2 * MINUTE })]),
    faults: any(first(2, 'runner-ghost'), always('runners-hole', 'guards-disarmed')),
    expect: all(struck('runner-ghost'), overBy(15 * MINUTE), endedBy(15 * MINUTE)),
  },
  {
    name: 'absence-proves-nothing',
    from: 'B1: a live job was killed because a list lacked its runner (TF #4391)',
    shape: shape([0, 10, 20, 30, 40, 50].map((second) => jobs(1, { atMs: second * SECOND, runMs: 3 * MINUTE }))),
    faults: always('runners-hole', 'runners-unlisted', 'instances-unlisted'),
    expect: all(launched(6), allSucceeded),
  },
  {
    name: 'strangers',
    from: "B3: the App's secret signs the events of every installation",
    shape: shape(jobs(3)),
    faults: always('webhook-stranger', 'webhook-forged'),
    expect: all(launched(3), struck('webhook-stranger'), struck('webhook-forged')),
  },
  {
    name: 'siblings',
    from: 'B4, D1: two deployments in one organisation and one account',
    shape: shape([jobs(3), jobs(3, forSibling), jobs(2, { atMs: 3 * MINUTE })], { deployments: siblings }),
    faults: any(first(2, 'runner-ghost', 'boot-hung'), always('instances-stale')),
    expect: saw('the other deployment launches', (one) => one.kind === 'instance' && one.deployment === 1),
  },
  {
    name: 'group-refuses',
    from: 'B5: a runner group that refuses a repository burns launches, and nobody says why',
    shape: shape([], { deployments: [[simPool({ runnerGroupId: 2, allowedRepositories: undefined })]] }),
    faults: () => false,
    script: ({ github, clock, workload, excuse }) => {
      github.model.addRunnerGroup({
        name: 'web-only',
        visibility: 'selected',
        selectedRepositories: [REPOSITORIES[0]],
        allowsPublicRepositories: false,
      });
      workload.queue(jobs(1));
      const refused = workload.queue(jobs(1, { repository: REPOSITORIES[1] }));
      clock.after(40 * MINUTE, () => {
        github.model.cancelRun(refused);
      });
      excuse('group refuses', 2);
    },
    expect: ({ view }) => (view.launches <= 4 ? undefined : `${view.launches} launches for 2 jobs`),
  },
  {
    name: 'cancelled-while-booting',
    from: 'B7: a cancelled job leaves a runner that must idle out, and nothing is launched for it again',
    shape: shape(jobs(4)),
    faults: any(first(1, 'job-cancelled'), of('completed', always('webhook-lost'))),
  },
  {
    name: 'foreign-runners',
    from: 'B7, B9: other runners take our jobs',
    shape: shape([jobs(2), jobs(2, { atMs: MINUTE })]),
    faults: always('job-stolen'),
  },
  {
    name: 'redelivery-storm',
    from: 'B9: failed deliveries are repeated three times each, not every minute for ever',
    shape: shape(jobs(5)),
    faults: (fault, nth) => fault === 'webhook-unheard' || (fault === 'webhook-duplicate' && nth % 2 === 0),
    expect: all(launched(5), ({ history }) => {
      const count = history.filter((one) => one.kind === 'log' && one.entry.event === 'redeliver').length;
      return count <= 3 * 15 ? undefined : `${count} redeliveries of 15 events`;
    }),
  },
  {
    name: 'thieves',
    from: 'B2: jobs of a repository that is not ours take our runners',
    shape: shape(jobs(4)),
    script: ({ github, excuse }) => {
      // They wait already: GitHub gives them the first runners.
      const thefts = ['one', 'two'].map((key) => ({ key, labels: LABELS }));
      github.model.addRun(lightRun(thefts), THIEF);
      excuse('thieves', 2);
    },
    faults: () => false,
    expect: launched(6),
  },
];

export const OPERATIONS: readonly Scenario[] = [
  {
    name: 'burst',
    from: 'facts/github 11 F: hundreds of jobs at once, within the limits of GitHub',
    shape: shape([jobs(256), jobs(144)], { deployments: [[simPool({ maxRunners: 400 })]], faultMs: 0 }),
    expect: all(launched(400), overBy(12 * MINUTE), ({ history }) =>
      history.some((one) => one.kind === 'github-limited') ? 'GitHub had to throttle us' : undefined,
    ),
  },
  {
    name: 'controller-down-for-an-hour',
    from: 'facts/github 11 F: the control plane is down for an hour; then there is a backlog',
    shape: shape(
      [0, 10, 20, 30, 40, 50].map((minute) => jobs(3, { atMs: minute * MINUTE })),
      { faultMs: HOUR },
    ),
    faults: always('webhook-lost', 'reconcile-missed'),
    expect: launched(18),
  },
  {
    name: 'github-outage-then-flood',
    from: 'facts/github 11 B: GitHub is away; then all events come at once',
    shape: shape([jobs(2), ...[1, 2, 3, 4].map((minute) => jobs(5, { atMs: minute * MINUTE }))], {
      deployments: [[simPool({ maxRunners: 50 })]],
    }),
    faults: first(1, 'github-outage'),
    expect: struck('github-outage'),
  },
  {
    name: 'deployment-under-load',
    from: 'facts/github 11 F: a deployment in mid-flight, with other limits',
    shape: shape([0, 1, 2, 3, 4].map((minute) => jobs(4, { atMs: minute * MINUTE }))),
    faults: always('deployment'),
    expect: launched(20),
  },
  {
    name: 'matrix-with-dead-attempts',
    from: 'runs-on #546: a matrix that shares labels, and two of its attempts are dead',
    shape: shape(jobs(60, { runMs: 30 * SECOND }), { deployments: [[simPool({ maxRunners: 100 })]] }),
    faults: first(2, 'boot-failed'),
    expect: all(launched(62), overBy(12 * MINUTE)),
  },
  {
    name: 'crash-at-every-effect',
    from: 'design 2.3: a crash between any two steps is repaired',
    shape: shape([jobs(2), jobs(2, { atMs: MINUTE })]),
    faults: (fault, nth) => /-crash-/.test(fault) && nth % 5 === 0,
  },
  {
    name: 'spot-storm',
    from: 'facts/github 11 C: EC2 takes many instances back at once',
    shape: shape(jobs(6, { runMs: 3 * MINUTE }), { deployments: [[spotPool]] }),
    faults: first(4, 'spot-reclaimed'),
  },
  {
    name: 'lifetime-over',
    from: 'facts/github 11 E: a job that runs longer than its instance may live',
    shape: shape(jobs(1, { runMs: 3 * HOUR })),
    faults: always('guards-disarmed'),
    expect: all(
      launched(1),
      saw('its end', (one) => one.kind === 'terminate' && one.excuse === 'lifetime' && one.runner === 'busy'),
    ),
  },
  {
    name: 'spare-is-inherited',
    from: 'A1: a job that lost its instance gets the runner of a cancelled one, and no launch',
    shape: shape([jobs(1), jobs(1, { atMs: 2 * SECOND })]),
    faults: any(first(1, 'boot-failed'), first(1, 'boot-slow')),
    script: ({ clock, github }) =>
      clock.after(7 * SECOND, () => {
        const [, second] = github.model.state.runs.keys();
        github.model.cancelRun(second as number);
      }),
    expect: saw('job 1 gets the attempt of job 2', (one) => {
      if (one.kind !== 'record' || one.record !== 'attempt') return false;
      const { id, jobId } = one.after as Attempt;
      return id === '55200000002-1' && jobId === '55200000001';
    }),
  },
  {
    name: 'unheard-starts',
    from: '6.4: a runner that looks idle to us has a job that nobody told of: DELETE says 422, and it is left alone',
    shape: shape(jobs(1)),
    faults: any(of('in_progress', always('webhook-lost')), of('listRunners', always('github-unavailable'))),
    script: ({ clock, github, workload, excuse }) => {
      workload.queue(jobs(1, { repository: THIEF, runMs: 8 * MINUTE }));
      excuse('thief', 1);
      clock.after(30 * SECOND, () => {
        for (const [id, run] of github.model.state.runs)
          if (run.repository.fullName !== THIEF) github.model.cancelRun(id);
      });
    },
    expect: all(
      launched(1),
      saw('422', (one) => one.kind === 'delete-runner' && one.outcome === 'busy'),
    ),
  },
  {
    name: 'stopped-by-hand',
    from: 'facts/github 11 C: stopped instead of terminated',
    shape: shape(jobs(3)),
    faults: any(first(2, 'stopped-by-hand'), always('ec2-event-lost')),
  },
  {
    name: 'nobody-sends-events-of-ec2',
    from: 'design 6.3: EC2 never says that an instance ended',
    shape: shape([jobs(3), jobs(3, { atMs: 4 * MINUTE })], { deployments: [[simPool({ maxRunners: 3 })]] }),
    faults: always('ec2-event-lost'),
    expect: launched(6),
  },
];

function allSucceeded({ history }: Seen): string | undefined {
  for (const one of history)
    if (one.kind === 'github' && one.event.kind === 'job-completed' && one.event.job.conclusion !== 'success')
      return `job ${one.event.job.id} ended as ${one.event.job.conclusion}`;
  return undefined;
}
