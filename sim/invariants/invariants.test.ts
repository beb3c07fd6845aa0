/** Each invariant notices what it is for, and lets pass what is right. */
import { expect, test } from 'vitest';
import type { LocalInstance } from '../../src/adapters/local/instance-host.ts';
import type { FinalView } from '../final-view.ts';
import type { Happening } from '../history.ts';
import { simPool } from '../shape.ts';
import { fewGitHubCalls, frugal, noListingOnFastPath } from './economy.ts';
import { launchesAreExact, oneAttemptOneInstance, oneLetterOneInstance, oneRunnerOneJob } from './identity.ts';
import type { Invariant } from './invariant.ts';
import { githubPoints, poolLimits } from './limits.ts';
import { everyJobRuns, nothingIsLeft } from './liveness.ts';
import { acknowledgedIsDone, answeredIsQueued, unsignedDoesNothing } from './messages.ts';
import { deleteBeforeTerminate, neverKillBusy, touchOnlyOurs } from './safe-kill.ts';
import { listedTransitions, noBugs } from './transitions.ts';

/** What the invariant says of the last of these; the ones before must be in order. `at`: a minute apart. */
function verdict(invariant: Invariant, ...history: readonly Happening[]): string | undefined {
  const verdicts = history.map((happening, nth) => invariant.see?.({ ...happening, at: nth * 61_000 }));
  expect(verdicts.slice(0, -1)).toEqual(verdicts.slice(0, -1).map(() => undefined));
  return verdicts.at(-1);
}

const letter = (instanceId: string, runnerName: string): Happening => ({
  kind: 'letter-taken',
  deployment: 0,
  instanceId,
  runnerName,
});

const instance = (id: string, launchId = 'l', state: LocalInstance['state'] = 'pending'): Happening => ({
  kind: 'instance',
  deployment: 0,
  instance: { id, launchId, pool: 'linux', market: 'spot', state, launchedAt: 0 },
});

const started = (id: string, runnerName: string): Happening => ({
  kind: 'github',
  event: { kind: 'job-started', job: { at: 0, id, runId: 1, name: '', repository: '', labels: [], runnerName } },
});

const record = (record: 'job' | 'attempt' | 'launch', before: object | undefined, after: object): Happening => ({
  ...{ kind: 'record', deployment: 0, record },
  ...({ before, after } as Pick<Happening & { kind: 'record' }, 'before' | 'after'>),
});

const terminate = (runner: 'none' | 'registered' | 'taken' | 'busy', excuse?: 'lifetime'): Happening => ({
  ...{ kind: 'terminate', deployment: 0, instanceId: 'i-1', outcome: 'ok' },
  ...{ runner, excuse },
});

const message = (kind: 'acknowledged', action: string): Happening => ({
  kind,
  deployment: 0,
  body: JSON.stringify({
    ...{ kind: 'job', action, pool: 'linux', jobId: '1', name: '', repository: 'a/b', installationId: 1, createdAt: 0 },
  }),
});

test('one JIT config, one instance', () => {
  expect(verdict(oneLetterOneInstance(), letter('i-1', 'a'), letter('i-2', 'b'))).toBeUndefined();
  expect(verdict(oneLetterOneInstance(), letter('i-1', 'a'), letter('i-2', 'a'))).toMatch('used by i-1 and by i-2');
  expect(verdict(oneLetterOneInstance(), letter('i-1', 'a'), letter('i-1', 'b'))).toMatch('uses a and b');
});

test('one runner, one job', () => {
  expect(verdict(oneRunnerOneJob(), started('1', 'mf-a'), started('2', 'mf-b'))).toBeUndefined();
  expect(verdict(oneRunnerOneJob(), started('1', 'static'), started('2', 'static'))).toBeUndefined();
  expect(verdict(oneRunnerOneJob(), started('1', 'mf-a'), started('2', 'mf-a'))).toMatch('ran 1 and 2');
});

test('one attempt, one instance', () => {
  const bound = { id: '1-1', instanceId: 'i-1' };
  expect(verdict(oneAttemptOneInstance(), record('attempt', { id: '1-1' }, bound))).toBeUndefined();
  expect(
    verdict(
      oneAttemptOneInstance(),
      record('attempt', undefined, bound),
      record('attempt', bound, { ...bound, instanceId: 'i-2' }),
    ),
  ).toMatch('had i-1 and has i-2');
  expect(
    verdict(
      oneAttemptOneInstance(),
      record('attempt', undefined, bound),
      record('attempt', undefined, { ...bound, id: '2-1' }),
    ),
  ).toMatch('belongs to attempts 1-1 and 2-1');
});

test('a launch gives what it stored', () => {
  const stored = record('launch', undefined, { id: 'l', attemptIds: ['1-1'] });
  expect(verdict(launchesAreExact(), stored, instance('i-1'))).toBeUndefined();
  expect(verdict(launchesAreExact(), instance('i-1'))).toMatch('before it was stored');
  expect(verdict(launchesAreExact(), stored, instance('i-1'), instance('i-2'))).toMatch('2 instances for 1 attempts');
});

test('busy runners are left alone', () => {
  expect(verdict(neverKillBusy(), terminate('none'))).toBeUndefined();
  expect(verdict(neverKillBusy(), terminate('busy', 'lifetime'))).toBeUndefined();
  expect(verdict(neverKillBusy(), terminate('busy'))).toMatch('while its runner was busy');
  expect(verdict(neverKillBusy(), terminate('taken'))).toMatch('while its runner was taken');
  expect(verdict(deleteBeforeTerminate(), terminate('registered'))).toMatch('could get a job');
});

test('nothing of others is touched', () => {
  const deletion = { kind: 'delete-runner', deployment: 0, outcome: 'deleted' } as const;
  expect(verdict(touchOnlyOurs(), { ...deletion, runnerName: 'mf-sim0-1-1' })).toBeUndefined();
  expect(verdict(touchOnlyOurs(), { ...deletion, runnerName: 'mf-sim1-1-1' })).toMatch('deletes the runner');
  expect(verdict(touchOnlyOurs(), { ...deletion, runnerName: 'static-1' })).toMatch('deletes the runner');
});

test('pools stay within their limits', () => {
  const pools = [[simPool({ maxRunners: 1 })]];
  const over = (more: Happening) => verdict(poolLimits(pools), instance('i-1'), more, instance('i-2'));
  expect(over(instance('i-1', 'l', 'terminated'))).toBeUndefined();
  expect(over(instance('i-1', 'l', 'running'))).toMatch('has 2 instances, and may have 1');
  expect(over({ kind: 'redeployed', deployment: 0, limits: { linux: 2 } })).toBeUndefined();
});

test('GitHub throttles once at most', () => {
  const limited: Happening = { kind: 'github-limited', deployment: 0, call: 'createJitConfig' };
  expect(verdict(githubPoints(), limited)).toBeUndefined();
  expect(verdict(githubPoints(), limited, limited)).toMatch('hit again');
});

test('what is acknowledged is done', () => {
  const wanted = record('job', undefined, { id: '1', state: 'WANTED' });
  const done = record('job', { id: '1', state: 'WANTED' }, { id: '1', state: 'DONE' });
  expect(verdict(acknowledgedIsDone(), wanted, message('acknowledged', 'queued'))).toBeUndefined();
  expect(verdict(acknowledgedIsDone(), wanted, done, message('acknowledged', 'completed'))).toBeUndefined();
  expect(verdict(acknowledgedIsDone(), message('acknowledged', 'queued'))).toMatch('the job is unknown');
  expect(verdict(acknowledgedIsDone(), wanted, message('acknowledged', 'completed'))).toMatch('the job is WANTED');
});

test('what is not signed for us does nothing', () => {
  const forged = { kind: 'webhook', deployment: 0, sender: 'forger', status: 401, messages: 0 } as const;
  expect(verdict(unsignedDoesNothing(), forged)).toBeUndefined();
  expect(verdict(unsignedDoesNothing(), { ...forged, status: 200 })).toMatch('answered 200');
  expect(verdict(unsignedDoesNothing(), { ...forged, sender: 'stranger', status: 202, messages: 1 })).toMatch('queued');
  expect(verdict(answeredIsQueued(), { ...forged, sender: 'github', status: 202 })).toMatch('202, and 0 messages');
});

test('records change along the listed transitions', () => {
  const change = (from: string, to: string) =>
    verdict(listedTransitions(), record('job', { id: '1', state: from }, { id: '1', state: to }));
  expect(change('WANTED', 'DONE')).toBeUndefined();
  expect(change('DONE', 'WANTED')).toMatch('became WANTED from DONE');
  const bug = { kind: 'log', deployment: 0, role: 'dispatch', entry: { event: 'bug', error: 'oops' } } as const;
  expect(verdict(noBugs(), bug)).toMatch('oops');
});

test('dispatch lists nothing', () => {
  expect(
    verdict(noListingOnFastPath(), { kind: 'instances-listed', deployment: 0, role: 'reconcile' }),
  ).toBeUndefined();
  expect(verdict(noListingOnFastPath(), { kind: 'instances-listed', deployment: 0, role: 'dispatch' })).toBeDefined();
});

const rest: FinalView = {
  ...{ isSettled: true, isFaultless: false, atMs: 0, waitingJobs: [], liveInstances: [], runners: [] },
  ...{
    deployments: [{ messages: 0, open: [], reserved: { linux: 0 } }],
    jobs: 2,
    launches: 2,
    excused: {},
  },
};

test.each([
  [{ waitingJobs: ['1'] }, everyJobRuns, 'job 1 still waits'],
  [{ liveInstances: ['i-1'] }, nothingIsLeft, 'i-1 still lives'],
  [{ runners: ['mf-a'] }, nothingIsLeft, 'mf-a is still registered'],
  [{ isSettled: false }, nothingIsLeft, 'does not come to rest'],
  [{ deployments: [{ messages: 1, open: [], reserved: {} }] }, nothingIsLeft, '1 messages'],
  [{ deployments: [{ messages: 0, open: ['job#1'], reserved: {} }] }, nothingIsLeft, 'job#1 stands open'],
  [{ deployments: [{ messages: 0, open: [], reserved: { linux: 1 } }] }, nothingIsLeft, 'capacity of 1'],
  [{ launches: 3 }, frugal, '3 launches for 2 jobs'],
  [{ launches: 3, isFaultless: true, excused: { fault: 1 } }, frugal, 'without any fault'],
] as const)('at the end, %j is noticed', (more, make, words) => {
  expect(make().end?.(rest)).toEqual([]);
  expect(
    make()
      .end?.({ ...rest, ...more })
      .join(),
  ).toContain(words);
});

test('a launch that a fault excuses is none too many', () => {
  expect(frugal().end?.({ ...rest, launches: 3, excused: { 'boot-failed': 1 } })).toEqual([]);
});

test('calls of dispatch are counted without faults', () => {
  const invariant = fewGitHubCalls();
  const call = { kind: 'github-call', deployment: 0, role: 'dispatch', call: 'createJitConfig', at: 0 } as const;
  for (let nth = 0; nth < 4; nth += 1) invariant.see?.(call);
  expect(invariant.end?.({ ...rest, isFaultless: true })).toEqual(['dispatch made 4 calls for 2 jobs']);
  expect(invariant.end?.(rest)).toEqual([]);
});
