import { describe, expect, test } from 'vitest';
import { limits } from '../../limits.ts';
import { aPool } from '../../pool-test-support.ts';
import type { Instance } from '../../ports.ts';
import type { Attempt, Launch } from '../../types.ts';
import type { Marker } from '../read-open.ts';
import { ago, aLaunch, anAttempt, anInstance, aSnapshot, brief } from '../snapshot-test-support.ts';
import { findLostInstances } from './lost-instances.ts';
import { findOrphans } from './orphans.ts';
import { findOverdue } from './overdue.ts';
import { findWrongCounts } from './wrong-counts.ts';

const OLD = ago(limits.youngInstanceMs);

describe('an attempt whose instance EC2 shows otherwise', () => {
  test.each<[string, Partial<Attempt>, Partial<Instance> | 'absent' | 'unknown', string[]]>([
    ['runs', {}, {}, []],
    ['is pending', {}, { state: 'pending' }, []],
    ['is terminated', {}, { state: 'terminated' }, ['terminated i-1']],
    ['is being terminated: not gone yet', {}, { state: 'shutting-down' }, []],
    ['is stopped: nothing ever starts it again', {}, { state: 'stopped' }, ['stopped i-1']],
    ['is stopping', {}, { state: 'stopping' }, ['stopped i-1']],
    ['EC2 did not answer', { launchedAt: OLD, instanceMissingSince: OLD }, 'unknown', []],
    ['not listed, 1 ms too young', { launchedAt: OLD + 1 }, 'absent', []],
    ['not listed', { launchedAt: OLD }, 'absent', ['instance-missing 1-1']],
    [
      'not listed a second time, 1 ms too soon',
      { launchedAt: OLD, instanceMissingSince: ago(limits.secondLookMs) + 1 },
      'absent',
      [],
    ],
    [
      'not listed a second time',
      { launchedAt: OLD, instanceMissingSince: ago(limits.secondLookMs) },
      'absent',
      ['terminated i-1'],
    ],
    ['is back', { launchedAt: OLD, instanceMissingSince: OLD }, {}, ['instance-back 1-1']],
    ['not bound yet', { state: 'INTENT', instanceId: undefined, launchedAt: undefined }, 'absent', []],
    ['closed attempt', { state: 'GONE', launchedAt: OLD }, 'absent', []],
    ['of a pool that was removed', { pool: 'gone', launchedAt: OLD }, { state: 'terminated' }, ['terminated i-1']],
  ])('%s', (_, attempt, instance, actions) => {
    const instances = instance === 'unknown' ? instance : instance === 'absent' ? [] : [anInstance(instance)];
    const seen = findLostInstances(aSnapshot({ attempts: [anAttempt(attempt)], instances }));
    expect(seen.map(brief)).toEqual(actions);
  });
});

describe('an instance beyond its lifetime', () => {
  const END = ago(aPool().lifetimeMs + limits.lifetimeGraceMs);
  const terminated = ['terminate i-1 lifetime-ended'];
  test.each<[string, Partial<Attempt>, Partial<Instance> | 'absent' | 'unknown', string[]]>([
    ['ended, whatever runs on it', { state: 'BUSY' }, { launchedAt: END }, terminated],
    ['1 ms before', { state: 'BUSY' }, { launchedAt: END + 1 }, []],
    ['idle', { state: 'IDLE' }, { launchedAt: END }, terminated],
    ['being ended', { state: 'ENDING' }, { launchedAt: END }, terminated],
    ['shutting down by itself', {}, { launchedAt: END, state: 'shutting-down' }, []],
    ['EC2 did not answer', { launchedAt: END }, 'unknown', []],
    ['not listed', { launchedAt: END }, 'absent', []],
    ['closed: an orphan', { state: 'GONE' }, { launchedAt: END }, []],
    ['of a removed pool: nobody knows its lifetime', { pool: 'gone' }, { launchedAt: END }, []],
  ])('%s', (_, attempt, instance, actions) => {
    const instances = instance === 'unknown' ? instance : instance === 'absent' ? [] : [anInstance(instance)];
    const seen = findOverdue(aSnapshot({ attempts: [anAttempt(attempt)], instances }));
    expect(seen.map(brief)).toEqual(actions);
  });
});

describe('an instance of ours that no open attempt has', () => {
  const BOUND = ago(limits.unboundMs);
  const END = ago(aPool().lifetimeMs + limits.lifetimeGraceMs);
  const orphan = ['terminate i-1 instance-orphaned'];
  const closed = (more: Partial<Attempt> = {}) => anAttempt({ state: 'GONE', ...more });
  test.each<[string, Partial<Instance>, Launch | undefined, Attempt | undefined, string[]]>([
    ['of a launch that is over', { launchedAt: BOUND }, aLaunch({ state: 'OVER' }), undefined, orphan],
    ['1 ms too young', { launchedAt: BOUND + 1 }, aLaunch({ state: 'OVER' }), undefined, []],
    [
      'of a settled launch: more came than were told',
      { launchedAt: BOUND },
      aLaunch({ state: 'SETTLED' }),
      undefined,
      orphan,
    ],
    ['its launch is not answered yet', { launchedAt: BOUND }, aLaunch({ state: 'SENT' }), undefined, []],
    ['its launch is on its way', { launchedAt: BOUND }, aLaunch({ state: 'STORED' }), undefined, []],
    ['of a launch that nobody knows', { launchedAt: BOUND }, undefined, undefined, orphan],
    ['shutting down', { launchedAt: BOUND, state: 'shutting-down' }, undefined, undefined, []],
    [
      'bound while we looked',
      { launchedAt: BOUND },
      aLaunch({ state: 'SETTLED' }),
      anAttempt({ state: 'LAUNCHED' }),
      [],
    ],
    [
      'of a closed attempt: it may run a job, so its runner is asked for',
      { launchedAt: BOUND },
      aLaunch(),
      closed(),
      ['check 1-1'],
    ],
    ['the same, 1 ms before its lifetime', { launchedAt: END + 1 }, aLaunch(), closed(), ['check 1-1']],
    ['the same, beyond it', { launchedAt: END }, aLaunch(), closed(), ['terminate i-1 lifetime-ended']],
  ])('%s', (_, more, launch, attempt, actions) => {
    const instance = anInstance(more);
    const seen = findOrphans(aSnapshot({ instances: [instance], unbound: [{ instance, launch, attempt }] }));
    expect(seen.map(brief)).toEqual(actions);
  });
});

describe('the count of a pool', () => {
  const marker = (shelf: Marker['shelf'], id: string, pool = 'linux'): Marker => ({ kind: 'attempt', shelf, pool, id });
  const others = (...instances: Instance[]) => ({ instances, unbound: instances.map((instance) => ({ instance })) });
  const counted = (live: number) => new Map([['linux', live]]);
  test.each<[string, Parameters<typeof aSnapshot>[0], string[]]>([
    ['right', { live: counted(1), markers: [marker('attempt', '1-1')] }, []],
    ['never written, and nothing there', {}, []],
    ['too high', { live: counted(2), markers: [marker('fresh', '1-1')] }, ['recount linux 0']],
    ['too low', { markers: [marker('missing', '1-1')] }, ['recount linux 0']],
    ['an orphan has no room reserved', { live: counted(0), markers: [marker('orphan', '1-1')] }, []],
    [
      'jobs and launches have none',
      { markers: [marker('job', '1'), marker('launch', 'l'), marker('wanted', '2')] },
      [],
    ],
    ['of another pool', { live: counted(1), markers: [marker('spare', '1-1', 'other')] }, ['recount linux 0']],
    ['instances of nobody count', { live: counted(1), ...others(anInstance()) }, []],
    ['and are told', { live: counted(0), ...others(anInstance()) }, ['recount linux 1']],
    ['unless they end', { live: counted(0), ...others(anInstance({ state: 'shutting-down' })) }, []],
    ['EC2 did not answer', { live: counted(5), instances: 'unknown' }, []],
  ])('%s', (_, parts, actions) => {
    expect(findWrongCounts(aSnapshot(parts)).map(brief)).toEqual(actions);
  });
});
