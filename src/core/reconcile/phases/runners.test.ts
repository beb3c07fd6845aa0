import { describe, expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { aPool } from '../../pool-test-support.ts';
import type { Runner } from '../../ports.ts';
import type { Attempt } from '../../types.ts';
import { ago, anAttempt, anInstance, aRunner, aSnapshot, brief, NOW } from '../snapshot-test-support.ts';
import { findForeignRunners } from './foreign-runners.ts';
import { findGhosts } from './ghosts.ts';
import { findLateBoots } from './late-boots.ts';
import { findLeftRunners } from './left-runners.ts';
import { findOpenEnds } from './open-ends.ts';
import { findSightings } from './sightings.ts';

const LOOK = ago(limits.secondLookMs);
const OFFLINE = { online: false };
const BUSY = { busy: true };

/** What GitHub's list has of the attempt's runner. */
type Listed = Partial<Runner> | 'absent' | 'unknown';
const listed = (runner: Listed) => (runner === 'unknown' ? runner : runner === 'absent' ? [] : [aRunner(runner)]);
const one = (attempt: Partial<Attempt>, runner: Listed, more: Parameters<typeof aSnapshot>[0] = {}) =>
  aSnapshot({ attempts: [anAttempt(attempt)], runners: listed(runner), ...more });

describe('how far an attempt came', () => {
  test.each<[string, Partial<Attempt>, Listed, string[]]>([
    ['online', {}, {}, ['online 1-1']],
    ['online, and known', { state: 'IDLE' }, {}, []],
    ['online again', { state: 'IDLE', offlineSince: NOW }, {}, ['online 1-1']],
    ['busy', { state: 'IDLE' }, BUSY, ['busy 1-1']],
    ['busy, and known', { state: 'BUSY' }, BUSY, []],
    ['busy overtakes all: it was booting for us', {}, BUSY, ['busy 1-1']],
    ['busy while it is being ended: DELETE will say so', { state: 'ENDING' }, BUSY, []],
    ['offline before it was ever online', {}, OFFLINE, []],
    ['offline after it was online', { state: 'IDLE' }, OFFLINE, ['offline 1-1']],
    ['offline, and known', { state: 'IDLE', offlineSince: NOW }, OFFLINE, []],
    ['not listed', { state: 'IDLE' }, 'absent', []],
    ['GitHub did not answer', { state: 'IDLE' }, 'unknown', []],
    ['without an instance', { state: 'INTENT', runnerId: undefined }, {}, []],
    ['its registration was not recorded: by its name', { state: 'LAUNCHED', runnerId: undefined }, {}, ['online 1-1']],
    ['by its second name', { state: 'LAUNCHED', runnerId: undefined }, { name: 'mf-test-1-1-r1' }, ['online 1-1']],
    ['the name of another deployment', { state: 'LAUNCHED', runnerId: undefined }, { name: 'mf-other-1-1' }, []],
    ['known by its id, whatever its name', {}, { name: 'renamed' }, ['online 1-1']],
    ['another id, although the name is the same', {}, { id: 2 }, []],
    ['somebody named a runner like our id', {}, { id: 900, name: '1' }, []],
  ])('%s', (_, attempt, runner, actions) => {
    expect(findSightings(one(attempt, runner)).map(brief)).toEqual(actions);
  });

  test.each<[string, Attempt['state'], boolean, string[]]>([
    ['mail taken', 'REGISTERED', true, ['mail-taken 1-1']],
    ['mail not taken', 'REGISTERED', false, []],
    ['mail taken, and known', 'TAKEN', true, []],
  ])('%s', (_, state, taken, actions) => {
    const mail = new Map([['1-1', { id: 'AROATEST:i-1', given: true, taken }]]);
    expect(findSightings(one({ state }, 'absent', { mail })).map(brief)).toEqual(actions);
  });
});

describe('past its boot deadline', () => {
  const LATE = ago(aPool().bootDeadlineMs + limits.bootGraceMs);
  const TWICE = ago(2 * aPool().bootDeadlineMs);
  const late = ['end 1-1 late'];
  test.each<[string, Partial<Attempt>, Listed, string[]]>([
    ['no JIT config: nothing can run', { state: 'LAUNCHED', runnerId: undefined }, 'absent', late],
    ['the same, and GitHub did not answer', { state: 'LAUNCHED', runnerId: undefined }, 'unknown', late],
    ['the same, 1 ms before', { state: 'LAUNCHED', runnerId: undefined, launchedAt: LATE + 1 }, 'absent', []],
    ['registered and offline', {}, OFFLINE, late],
    ['the same, 1 ms before', { launchedAt: LATE + 1 }, OFFLINE, []],
    ['mail taken and offline', { state: 'TAKEN' }, OFFLINE, late],
    ['online after all', { state: 'TAKEN' }, {}, []],
    ['busy, and told offline', { state: 'TAKEN' }, { online: false, busy: true }, []],
    ['not listed: absence proves nothing', { state: 'TAKEN' }, 'absent', []],
    ['GitHub did not list it', { state: 'TAKEN' }, 'unknown', []],
    ['nor until twice its deadline: DELETE says', { state: 'TAKEN', launchedAt: TWICE }, 'unknown', late],
    ['the same, 1 ms before', { state: 'TAKEN', launchedAt: TWICE + 1 }, 'unknown', []],
    ['asked for by its id by now', { runnerMissingSince: NOW }, OFFLINE, []],
    ['busy', { state: 'BUSY' }, OFFLINE, []],
    ['being ended', { state: 'ENDING' }, OFFLINE, []],
    ['no instance yet', { state: 'INTENT', runnerId: undefined, launchedAt: undefined }, 'absent', []],
    ['of a removed pool', { pool: 'gone' }, OFFLINE, []],
  ])('%s', (_, attempt, runner, actions) => {
    expect(findLateBoots(one({ launchedAt: LATE, ...attempt }, runner)).map(brief)).toEqual(actions);
  });
});

describe('offline after it was online', () => {
  const AWAY = ago(limits.offlineMs);
  test.each<[string, Partial<Attempt>, Listed, string[]]>([
    ['for too long', { offlineSince: AWAY }, OFFLINE, ['end 1-1 offline']],
    ['1 ms less', { offlineSince: AWAY + 1 }, OFFLINE, []],
    ['never seen offline', {}, OFFLINE, []],
    ['back', { offlineSince: AWAY }, {}, []],
    ['busy', { offlineSince: AWAY }, { online: false, busy: true }, []],
    ['not listed', { offlineSince: AWAY }, 'absent', []],
    ['GitHub did not answer', { offlineSince: AWAY }, 'unknown', []],
  ])('%s', (_, attempt, runner, actions) => {
    expect(findLateBoots(one({ state: 'IDLE', ...attempt }, runner)).map(brief)).toEqual(actions);
  });
});

describe('a ghost', () => {
  const BOOTED = ago(aPool().bootDeadlineMs);
  const check = ['check 1-1'];
  test.each<[string, Partial<Attempt>, Listed, string[]]>([
    ['not listed past the boot deadline: asked for by its id', { state: 'IDLE' }, 'absent', check],
    ['1 ms before', { state: 'IDLE', launchedAt: BOOTED + 1 }, 'absent', []],
    ['busy, and not listed', { state: 'BUSY' }, 'absent', check],
    ['GitHub did not answer', { state: 'IDLE' }, 'unknown', []],
    ['listed', { state: 'IDLE' }, {}, []],
    ['its job is over: GitHub removed it', { state: 'BUSY', finishedAt: NOW }, 'absent', []],
    ['being ended: DELETE asks', { state: 'ENDING' }, 'absent', []],
    ['missed once, a minute ago', { state: 'IDLE', runnerMissingSince: LOOK }, 'absent', check],
    ['the same, 1 ms less', { state: 'IDLE', runnerMissingSince: LOOK + 1 }, 'absent', []],
    [
      'the same, before the boot deadline',
      { state: 'IDLE', runnerMissingSince: LOOK, launchedAt: BOOTED + 1 },
      'absent',
      [],
    ],
    ['missed once, while it was being ended', { state: 'ENDING', runnerMissingSince: LOOK }, 'unknown', check],
    ['never registered', { state: 'LAUNCHED', runnerId: undefined }, 'absent', []],
  ])('%s', (_, attempt, runner, actions) => {
    expect(findGhosts(one({ launchedAt: BOOTED, ...attempt }, runner)).map(brief)).toEqual(actions);
  });
});

describe('an end that was broken off, and an instance that outlives its job', () => {
  const DONE = ago(limits.finishGraceMs);
  const alive = [anInstance()];
  test.each<[string, Partial<Attempt>, Parameters<typeof aSnapshot>[0], string[]]>([
    ['ENDING is gone on with', { state: 'ENDING' }, {}, ['end 1-1 spare']],
    ['also when nobody answers: DELETE decides', { state: 'ENDING' }, { instances: 'unknown' }, ['end 1-1 spare']],
    ['unless its runner is being asked for', { state: 'ENDING', runnerMissingSince: NOW }, {}, []],
    ['still there after its job', { state: 'BUSY', finishedAt: DONE }, { instances: alive }, ['end 1-1 finished']],
    ['the same, 1 ms less', { state: 'BUSY', finishedAt: DONE + 1 }, { instances: alive }, []],
    ['shutting down', { state: 'BUSY', finishedAt: DONE }, { instances: [anInstance({ state: 'shutting-down' })] }, []],
    ['not listed', { state: 'BUSY', finishedAt: DONE }, { instances: [] }, []],
    ['EC2 did not answer', { state: 'BUSY', finishedAt: DONE }, { instances: 'unknown' }, []],
    ['busy with a job', { state: 'BUSY' }, { instances: alive }, []],
  ])('%s', (_, attempt, parts, actions) => {
    expect(findOpenEnds(one(attempt, 'unknown', parts)).map(brief)).toEqual(actions);
  });
});

describe('runners that nothing can use', () => {
  const OLD = ago(limits.registrationMs);
  const gone = (more: Partial<Attempt> = {}) => anAttempt({ state: 'GONE', createdAt: OLD, ...more });
  const past = (attempt: Attempt) => new Map([[attempt.id, attempt]]);
  test.each<[string, Parameters<typeof aSnapshot>[0], string[]]>([
    ['its instance is gone', { attempts: [gone()] }, ['delete 1-1 all']],
    ['1 ms too young: one may still be made', { attempts: [gone({ createdAt: OLD + 1 })] }, []],
    ['listed, of an attempt long closed', { past: past(gone()), runners: [aRunner()] }, ['delete 1-1 1']],
    ['the same, busy', { past: past(gone()), runners: [aRunner(BUSY)] }, []],
    ['of an attempt that the table does not know', { runners: [aRunner()] }, []],
    ['of another deployment', { past: past(gone()), runners: [aRunner({ name: 'mf-other-1-1' })] }, []],
    [
      'of a deployment whose name begins as ours',
      { past: past(gone()), runners: [aRunner({ name: 'mf-test-2-1-1' })] },
      [],
    ],
    ['of somebody else', { past: past(gone()), runners: [aRunner({ name: 'build-box' })] }, []],
    [
      'another one of a live attempt',
      { attempts: [anAttempt()], runners: [aRunner(), aRunner({ id: 2, name: 'mf-test-1-1-r1' })] },
      ['delete 1-1 2'],
    ],
    ['the same, busy', { attempts: [anAttempt()], runners: [aRunner({ id: 2, name: 'mf-test-1-1-r1', ...BUSY })] }, []],
    [
      'of a live attempt that does not know its runner yet',
      { attempts: [anAttempt({ state: 'LAUNCHED', runnerId: undefined })], runners: [aRunner()] },
      [],
    ],
    ['GitHub did not answer', { past: past(gone()), runners: 'unknown' }, []],
  ])('%s', (_, parts, actions) => {
    expect(findLeftRunners(aSnapshot(parts)).map(brief)).toEqual(actions);
  });
});

describe('a foreign runner that could take our jobs', () => {
  const box = (more: Partial<Runner> = {}) => aRunner({ id: 9, name: 'build-box', ...more });
  const alarm = ['alarm foreign-runner: pool linux, 1: build-box'];
  test.each<[string, readonly string[] | undefined, Runner, string[]]>([
    ['alarmed', [], box(), alarm],
    ['whatever the case of its labels', [], box({ labels: ['LINUX', 'X64', 'Self-Hosted', 'gpu'] }), alarm],
    ['not asked for', undefined, box(), []],
    ['offline', [], box(OFFLINE), []],
    ['it lacks a label', [], box({ labels: ['self-hosted', 'linux'] }), []],
    ['ours', [], aRunner(), []],
    [
      'of another deployment: foreign',
      [],
      box({ name: 'mf-other-1-1' }),
      ['alarm foreign-runner: pool linux, 1: mf-other-1-1'],
    ],
    ['allowed', ['build-box'], box(), []],
    ['allowed by a pattern', ['arc-*', 'build-*'], box(), []],
    ['a pattern is no regular expression', ['build.box', 'build'], box(), alarm],
  ])('%s', (_, allowedForeignRunners, runner, actions) => {
    expect(findForeignRunners(aSnapshot({ allowedForeignRunners, runners: [runner] })).map(brief)).toEqual(actions);
  });

  test('many of them are one alarm a pool', () => {
    const runners = Array.from({ length: 300 }, (_, n) => box({ id: n, name: `arc-${n}` }));
    const alarms = findForeignRunners(aSnapshot({ allowedForeignRunners: [], runners })).map(brief);
    expect(alarms).toEqual(['alarm foreign-runner: pool linux, 300: arc-0, arc-1, arc-2, arc-3, arc-4']);
  });
});
