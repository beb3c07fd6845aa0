/** What users of other runner fleets suffer from: one scenario for each of those pains that the control plane decides. */
import { limits } from '../../src/core/limits.ts';
import { writeMessage } from '../../src/core/messages.ts';
import { simPool } from '../shape.ts';
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

const BAD_MESSAGE = '{"kind":"job","action":"no such thing"}';

export const PAINS: readonly Scenario[] = [
  {
    name: 'stale-job-reads',
    from: 'TF #4262, #5026, #2459: "job is not queued" drops a launch, and every job is one runner short for ever',
    shape: shape([jobs(3), jobs(3, { atMs: MINUTE })]),
    faults: any(first(2, 'boot-failed'), always('job-stale', 'jobs-stale')),
  },
  {
    name: 'taken-runners',
    from: 'TF #3130; CS #472, #945: jobs stuck because another job took their runner',
    shape: shape([jobs(10), jobs(5, { atMs: 5 * SECOND }), jobs(5, { atMs: 20 * SECOND })]),
    expect: all(launched(20), overBy(10 * MINUTE)),
  },
  {
    name: 'runner-for-a-stranger',
    from: 'CS #945: a job that nobody launches for takes the runner, and the one it was for waits',
    shape: shape(jobs(2)),
    faults: first(1, 'runner-stolen'),
    expect: launched(3),
  },
  {
    name: 'failed-boots',
    from: 'TF #3535, #3493: the message is deleted though the boot failed',
    shape: shape(jobs(3)),
    faults: first(3, 'boot-failed'),
    expect: all(launched(6), waitedFor('instance-lost'), overBy(10 * MINUTE)),
  },
  {
    name: 'one-bad-message-in-a-batch',
    from: 'TF #5024: a retry acknowledges the wrong message, by position',
    shape: shape(jobs(4)),
    script: ({ clock, deployments }) =>
      clock.after(200, () => {
        const good = writeMessage({ kind: 'wake', pool: 'linux' });
        for (const body of [good, good, BAD_MESSAGE]) void deployments[0]?.queue.send(body);
      }),
    expect: all(launched(4), ({ history }) => {
      const dead = history.flatMap((one) => (one.kind === 'dead' ? [one.body] : []));
      return dead.length === 1 && dead[0] === BAD_MESSAGE ? undefined : `the dead letters are ${dead.join()}`;
    }),
  },
  {
    name: 'half-a-batch-fails',
    from: 'TF: launches doubled when one group of a batch throws',
    shape: shape(jobs(4)),
    faults: any(first(4, 'dispatch-crash-after'), first(2, 'queue-delete-lost')),
    expect: launched(4),
  },
  {
    name: 'refused-once',
    from: 'TF: a failed token or configuration is cached for the life of the container',
    shape: shape(jobs(3)),
    faults: of('createJitConfig', first(2, 'github-auth')),
    expect: all(launched(3), waitedFor('github-auth'), overBy(5 * MINUTE)),
  },
  {
    name: 'throttled-for-minutes',
    from: 'TF #5253: 6,833 invocations for 122 messages while EC2 throttles',
    shape: shape([jobs(10), jobs(10, { atMs: 30 * SECOND })]),
    faults: always('launch-throttled'),
    expect: all(waitedFor('ec2-throttled'), fewLaunchRequests(300)),
  },
  {
    name: 'stale-busy-reads',
    from: 'TF #5085: scale-down killed 22 busy runners in 3 days on a stale read',
    shape: shape(
      [0, 1, 2, 3, 4, 5, 6, 7].map((minute) => jobs(2, { atMs: minute * MINUTE, runMs: 90 * SECOND })),
      { deployments: [[simPool({ idleTimeoutMs: 30 * SECOND })]] },
    ),
    faults: always('runners-stale', 'instances-stale'),
    expect: struck('runners-stale'),
  },
  {
    name: 'completed-never-comes',
    from: 'RO #459, #523: 8,000 orphans, because "completed" is trusted',
    shape: shape(jobs(5)),
    faults: any(of('completed', always('webhook-lost')), always('runner-never-ends', 'ec2-event-lost')),
    expect: all(struck('runner-never-ends'), endedBy(25 * MINUTE)),
  },
  {
    name: 'hung-boots',
    from: 'CS #515, #530, #537, #570: a hung boot leaks for ever',
    shape: shape(jobs(3)),
    faults: first(3, 'boot-hung'),
    expect: all(launched(6), overBy(15 * MINUTE)),
  },
  {
    name: 'idle-runner-ends-in-time',
    from: 'CS: an idle runner is ended after 10 to 21 minutes instead of 5',
    shape: shape(jobs(2)),
    script: ({ clock, github }) =>
      clock.after(20 * SECOND, () => {
        for (const id of github.model.state.runs.keys()) github.model.cancelRun(id);
      }),
    faults: () => false,
    expect: ({ history }) => lateTerminations(history, 2 * MINUTE + 2 * MINUTE),
  },
  {
    name: 'no-capacity-for-two-hours',
    from: 'RO #537: gives up silently after 45 min, and the job stays queued',
    shape: shape(jobs(2), { faultMs: 2 * HOUR }),
    faults: (fault) => fault === 'launch-partial',
    expect: all(waitedFor('no-capacity'), fewLaunchRequests(200)),
  },
  {
    name: 'no-boot-comes-up',
    from: 'design 6.5: three attempts that ran nothing, then a reason and slow retries: a broken image must not burn money',
    shape: shape(jobs(1), { faultMs: HOUR }),
    faults: always('boot-failed'),
    expect: all(waitedFor('attempts-spent'), ({ view }) =>
      view.launches <= 8 ? undefined : `${view.launches} launches in an hour`,
    ),
  },
  {
    name: 'old-events-again',
    from: 'ARC #4315: a re-run sends old "completed" events again, and counters go to -4',
    shape: shape(jobs(5)),
    script: ({ clock, github }) =>
      clock.after(8 * MINUTE, () => {
        for (const id of [...github.model.state.deliveries.keys()]) github.model.redeliver(id);
      }),
    expect: launched(5),
  },
  {
    name: 'own-lost-reply',
    from: 'RO #30, #546: 409 on a JIT config is our own first request, whose reply was lost',
    shape: shape(jobs(4)),
    faults: of('createJitConfig', first(2, 'github-lost-reply')),
    expect: all(launched(4), overBy(5 * MINUTE)),
  },
  {
    name: 'lost-webhooks',
    from: 'design 6.3: a webhook that GitHub could not deliver is redelivered',
    shape: shape([jobs(3), jobs(2, { atMs: 2 * MINUTE })]),
    faults: of('queued', first(8, 'webhook-lost')),
    expect: all(
      launched(5),
      saw('a redelivery', (one) => one.kind === 'log' && one.entry.event === 'redeliver'),
    ),
  },
  {
    name: 'webhook-down-for-half-an-hour',
    from: 'design 6.3: no webhook is answered, of repositories never heard of before; the few redeliveries must not be used up meanwhile',
    shape: shape([jobs(3), jobs(2, { atMs: 2 * MINUTE })], { faultMs: 30 * MINUTE }),
    faults: always('webhook-lost'),
    expect: launched(5),
  },
  {
    name: 'vanished-webhooks',
    from: 'design 6.3: a job whose webhook was never sent is found in its repository',
    shape: shape([jobs(1), jobs(3, { atMs: 2 * MINUTE })]),
    faults: of('queued', always('webhook-vanished')),
    expect: launched(4),
  },
];

/** Requests that came to EC2, the throttled ones too. */
function fewLaunchRequests(most: number) {
  return ({ history }: Seen) => {
    const count = history.filter(
      (one) => one.kind === 'log' && one.entry.event === 'launch' && one.role !== 'webhook',
    ).length;
    return count <= most ? undefined : `${count} launch requests`;
  };
}

/** Instances that were there longer than that after all jobs were over. */
function lateTerminations(history: Seen['history'], mostMs: number): string | undefined {
  const over = history.findLast((one) => one.kind === 'github' && one.event.kind === 'job-completed');
  const ended = history.findLast((one) => one.kind === 'instance' && one.instance.state === 'terminated');
  const lateMs = (ended?.at ?? 0) - (over?.at ?? 0) - limits.reconcileMs;
  return lateMs <= mostMs ? undefined : `the last instance ended ${Math.round(lateMs / SECOND)} s after the last job`;
}
