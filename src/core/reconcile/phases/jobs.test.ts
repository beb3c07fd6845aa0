import { describe, expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { aPool } from '../../pool-test-support.ts';
import type { Runner } from '../../ports.ts';
import type { Shelf } from '../../records.ts';
import type { Attempt, Job } from '../../types.ts';
import { ago, aJob, aLaunch, anAttempt, anInstance, aRunner, aSnapshot, brief, NOW } from '../snapshot-test-support.ts';
import { findFailedInstances } from './failed-instances.ts';
import { findTroubledPools } from './troubled-pools.ts';
import { findUnansweredLaunches } from './unanswered-launches.ts';
import { findUncertainJobs } from './uncertain-jobs.ts';
import { findWaitingPools } from './waiting-pools.ts';

const actionsFor = (job: Job, attempts: readonly Attempt[], runners: readonly Runner[] | 'unknown' = []) =>
  findUncertainJobs(aSnapshot({ jobs: [job], attempts, runners })).map(brief);

describe('a running job', () => {
  const OLD = ago(limits.runningCheckMs);
  const at = (more: Partial<Job> = {}) =>
    aJob({ state: 'RUNNING', createdAt: OLD, startedAt: OLD, attemptId: '1-1', ...more });
  const busy = [anAttempt({ state: 'BUSY' })];
  test.each<[string, Job, readonly Attempt[], readonly Runner[] | 'unknown', string[]]>([
    ['its runner is busy', at(), busy, [aRunner({ busy: true })], []],
    ['its runner is not: an event may be lost', at(), busy, [aRunner()], ['ask 1']],
    ['not listed', at(), busy, [], ['ask 1']],
    ['GitHub did not answer', at(), busy, 'unknown', []],
    ['1 ms too soon after its start', at({ startedAt: OLD + 1 }), busy, [], []],
    ['1 ms too soon after the last answer', at({ askedAt: OLD + 1 }), busy, [], []],
    ['its instance is gone', at(), [anAttempt({ state: 'GONE' })], [], ['ask 1']],
    ['on a runner of somebody else', at({ attemptId: undefined }), [], [], ['ask 1']],
    ['the same, and GitHub did not answer', at({ attemptId: undefined }), [], 'unknown', ['ask 1']],
    ['over', at({ state: 'DONE' }), busy, [], []],
    [
      'GitHub ends it after 5 days: forgotten',
      at({ startedAt: ago(limits.runningJobMs) - 1 }),
      [],
      [],
      ['expire-job 1'],
    ],
    ['1 ms before that', at({ startedAt: ago(limits.runningJobMs) }), [], [], ['ask 1']],
  ])('%s', (_, job, attempts, runners, actions) => {
    expect(actionsFor(job, attempts, runners)).toEqual(actions);
  });
});

describe('a job that waits', () => {
  const OLD = ago(limits.heldCheckMs);
  const DAY = ago(limits.jobAgeMs);
  test.each<[string, Partial<Job>, string[]]>([
    ['held: was it approved?', { state: 'HELD', createdAt: OLD }, ['ask 1']],
    ['the same, 1 ms too soon', { state: 'HELD', createdAt: OLD + 1 }, []],
    ['held, for as long as GitHub keeps it', { state: 'HELD', createdAt: ago(limits.heldJobMs) - 1 }, ['expire-job 1']],
    ['held, 1 ms less', { state: 'HELD', createdAt: ago(limits.heldJobMs) }, ['ask 1']],
    ['wanted: was it cancelled?', { state: 'WANTED', createdAt: OLD }, ['ask 1']],
    ['wanted, asked about before', { state: 'WANTED', createdAt: DAY, askedAt: OLD + 1 }, []],
    ['wanted for 24 h', { state: 'WANTED', createdAt: DAY, askedAt: NOW }, []],
    ['wanted for longer than GitHub keeps it', { state: 'WANTED', createdAt: DAY - 1 }, ['expire-job 1']],
    ['launching: its attempt has its own deadlines', { state: 'LAUNCHING', createdAt: DAY - 1 }, []],
    ['expired', { state: 'EXPIRED', createdAt: DAY - 1 }, []],
    ['reclaimed with its spot instance', { state: 'DONE', rerunDue: true }, ['rerun-job 1']],
  ])('%s', (_, job, actions) => {
    expect(actionsFor(aJob(job), [])).toEqual(actions);
  });
});

describe('another job has the runner that was meant for it', () => {
  const OLD = ago(limits.runningCheckMs);
  const busy = [anAttempt({ state: 'BUSY' })];
  test.each<[string, Partial<Job>, readonly Attempt[], string[]]>([
    ['and nobody told which', { createdAt: OLD }, busy, ['ask 1']],
    ['1 ms too soon', { createdAt: OLD + 1 }, busy, []],
    ['asked about 1 ms too late', { createdAt: OLD, askedAt: OLD + 1 }, busy, []],
    ['not so', { createdAt: OLD }, [anAttempt({ state: 'TAKEN' })], []],
  ])('%s', (_, job, attempts, actions) => {
    expect(actionsFor(aJob({ attemptId: '1-1', ...job }), attempts, 'unknown')).toEqual(actions);
  });
});

describe('an instance that EC2 ended', () => {
  const lost = (more: Partial<Job> = {}) =>
    aJob({ state: 'WANTED', reason: 'instance-lost', lostInstanceId: 'i-1', ...more });
  const ended = (stateReason?: string) => [anInstance({ state: 'terminated', stateReason })];
  const explained = ['explain 1 Server.SpotInstanceTermination'];
  test.each<[string, Job, Parameters<typeof aSnapshot>[0], string[]]>([
    ['and says why', lost(), { instances: ended('Server.SpotInstanceTermination') }, explained],
    ['by itself: that explains nothing', lost(), { instances: ended('Client.InstanceInitiatedShutdown') }, []],
    ['at our request', lost(), { instances: ended('Client.UserInitiatedShutdown') }, []],
    ['and says nothing', lost(), { instances: ended() }, []],
    ['and does not show any more', lost(), {}, []],
    ['another one', lost({ lostInstanceId: 'i-2' }), { instances: ended('Server.SpotInstanceTermination') }, []],
    ['the job says why by now', lost({ reason: 'instance-failed' }), { instances: ended('Server.X') }, []],
    ['EC2 did not answer', lost(), { instances: 'unknown' }, []],
  ])('%s', (_, job, parts, actions) => {
    expect(findFailedInstances(aSnapshot({ jobs: [job], ...parts })).map(brief)).toEqual(actions);
  });
});

describe('what only a person can mend', () => {
  const waits = (id: string, more: Partial<Job> = {}) =>
    aJob({ id, state: 'WANTED', reason: 'ec2-misconfigured', ...more });
  test.each<[string, Job[], string[]]>([
    [
      'one alarm a pool and reason',
      [waits('1'), waits('2')],
      ['alarm ec2-misconfigured: pool linux, jobs that wait: 2'],
    ],
    [
      'of each pool',
      [waits('1'), waits('2', { pool: 'arm' })],
      [
        'alarm ec2-misconfigured: pool linux, jobs that wait: 1',
        'alarm ec2-misconfigured: pool arm, jobs that wait: 1',
      ],
    ],
    [
      'also of a job that has an attempt',
      [waits('1', { state: 'LAUNCHING', reason: 'github-auth' })],
      ['alarm github-auth: pool linux, jobs that wait: 1'],
    ],
    ['not what passes by itself', [waits('1', { reason: 'pool-full' }), waits('2', { reason: 'no-capacity' })], []],
    ['not of a job that waits no more', [waits('1', { state: 'RUNNING' })], []],
  ])('%s', (_, jobs, actions) => {
    expect(findTroubledPools(aSnapshot({ jobs })).map(brief)).toEqual(actions);
  });
});

describe('a runner idles beside the job that waits for it', () => {
  const LONG = ago(limits.unmatchedMs);
  const idle = (more: Partial<Attempt> = {}) => [anAttempt({ state: 'IDLE', idleSince: LONG, ...more })];
  const waits = (more: Partial<Job> = {}) => aJob({ attemptId: '1-1', ...more });
  test.each<[string, Job, readonly Attempt[], string[]]>([
    ['for too long', waits(), idle(), ['ask 1']],
    ['1 ms less', waits(), idle({ idleSince: LONG + 1 }), []],
    ['GitHub was asked 1 ms too late', waits({ askedAt: LONG + 1 }), idle(), []],
    ['nobody knows since when', waits(), idle({ idleSince: undefined }), []],
    ['the runner is offline: GitHub can not give it anything', waits(), idle({ offlineSince: NOW }), []],
    ['the runner is busy', waits(), idle({ state: 'BUSY' }), []],
    ['the runner boots', waits(), idle({ state: 'TAKEN' }), []],
    ['the job runs', waits({ state: 'RUNNING', startedAt: NOW }), idle(), []],
    ['the job waits for another attempt', waits({ attemptId: '1-2' }), idle(), []],
  ])('%s', (_, job, attempts, actions) => {
    expect(actionsFor(job, attempts, 'unknown')).toEqual(actions);
  });
});

test('only so many jobs are asked about in one run, and none of the rest is held up by that', () => {
  const held = Array.from({ length: limits.asksPerPass + 5 }, (_, n) =>
    aJob({ id: String(n), state: 'HELD', createdAt: ago(limits.heldCheckMs) }),
  );
  const expired = aJob({ id: '99', state: 'WANTED', createdAt: ago(limits.jobAgeMs) - 1 });
  const actions = findUncertainJobs(aSnapshot({ jobs: [...held, expired] })).map(({ kind }) => kind);
  expect(actions.filter((kind) => kind === 'ask-job')).toHaveLength(limits.asksPerPass);
  expect(actions.filter((kind) => kind === 'expire-job')).toHaveLength(1);
});

test('who was asked in vain is not asked again before the others', () => {
  const held = Array.from({ length: limits.asksPerPass + 1 }, (_, n) =>
    aJob({ id: String(n), state: 'HELD', createdAt: ago(2 * limits.heldCheckMs), askedAt: ago(limits.heldCheckMs) }),
  );
  const never = aJob({ id: '99', state: 'HELD', createdAt: ago(limits.heldCheckMs) });
  expect(findUncertainJobs(aSnapshot({ jobs: [...held, never] })).map(brief)).toContain('ask 99');
});

test.each<[string, number, string[]]>([
  ['for long enough', ago(limits.launchGiveUpMs), ['give up mf-test-1-1']],
  ['1 ms less', ago(limits.launchGiveUpMs) + 1, []],
])('a launch that nobody answered: %s', (_, storedAt, actions) => {
  expect(findUnansweredLaunches(aSnapshot({ launches: [aLaunch({ storedAt })] })).map(brief)).toEqual(actions);
});

test.each<[Shelf, boolean]>([
  ['wanted', true],
  ['later', true],
  ['fresh', true],
  ['spare', true],
  ['launch', true],
  ['job', false],
  ['missing', false],
  ['orphan', false],
  ['attempt', false],
])('what stands on the shelf %s has its pool planned: %s', (shelf, isPlanned) => {
  const pools = new Map(['linux', 'arm'].map((name) => [name, aPool({ name })]));
  const markers = [
    { kind: 'job' as const, shelf, pool: 'linux', id: '1' },
    { kind: 'job' as const, shelf, pool: 'removed', id: '2' },
  ];
  expect(findWaitingPools(aSnapshot({ pools, markers })).map(brief)).toEqual(isPlanned ? ['plan linux'] : []);
});
