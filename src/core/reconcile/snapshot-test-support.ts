/** For tests: records and snapshots of which a test names only what it is about. All is as old as `NOW` says it is new. */
import { aPool } from '../pool-test-support.ts';
import type { Instance, Runner } from '../ports.ts';
import type { Attempt, Job, Launch } from '../types.ts';
import type { Action } from './actions.ts';
import { Snapshot, type SnapshotParts } from './snapshot.ts';

export const NOW = Date.parse('2026-11-24T12:00:00Z');
/** So long ago. */
export const ago = (ms: number) => NOW - ms;

export const anAttempt = (more: Partial<Attempt> = {}): Attempt => ({
  id: '1-1',
  v: 1,
  state: 'REGISTERED',
  pool: 'linux',
  launchId: 'mf-test-1-1',
  installationId: 7,
  jobId: '1',
  instanceId: 'i-1',
  runnerId: 1,
  runnerName: 'mf-test-1-1',
  createdAt: NOW,
  launchedAt: NOW,
  ...more,
});

export const aJob = (more: Partial<Job> = {}): Job => ({
  id: '1',
  v: 1,
  state: 'LAUNCHING',
  pool: 'linux',
  repository: 'acme/web',
  installationId: 7,
  name: 'build',
  createdAt: NOW,
  attempts: 1,
  failures: 0,
  ...more,
});

export const aLaunch = (more: Partial<Launch> = {}): Launch => ({
  id: 'mf-test-1-1',
  v: 1,
  state: 'SENT',
  pool: 'linux',
  installationId: 7,
  market: 'on-demand',
  launchTemplate: { id: 'lt-1', version: '1' },
  fleet: aPool().fleet,
  attemptIds: ['1-1'],
  storedAt: NOW,
  ...more,
});

export const anInstance = (more: Partial<Instance> = {}): Instance => ({
  id: 'i-1',
  launchId: 'mf-test-1-1',
  pool: 'linux',
  state: 'running',
  launchedAt: NOW,
  ...more,
});

export const aRunner = (more: Partial<Runner> = {}): Runner => ({
  id: 1,
  name: 'mf-test-1-1',
  online: true,
  busy: false,
  labels: ['self-hosted', 'linux', 'x64'],
  ...more,
});

/** EC2 and GitHub answered that nothing is there, unless `parts` say otherwise. `runners: 'unknown'`: not answered. */
export function aSnapshot(
  parts: Partial<Omit<SnapshotParts, 'runners' | 'instances'>> & {
    readonly runners?: readonly Runner[] | 'unknown';
    readonly instances?: readonly Instance[] | 'unknown';
  } = {},
): Snapshot {
  const { runners = [], instances = [] } = parts;
  return new Snapshot({
    now: NOW,
    deploymentId: 'test',
    pools: new Map([['linux', aPool()]]),
    markers: [],
    jobs: [],
    attempts: [],
    launches: [],
    live: new Map(),
    unbound: [],
    past: new Map(),
    mail: new Map(),
    failures: [],
    ...parts,
    instances: instances === 'unknown' ? undefined : instances,
    runners: runners === 'unknown' ? new Map() : new Map([['acme', runners]]),
  });
}

/** What an action is, as short text: its kind, and the one word that matters. */
export function brief(action: Action): string {
  switch (action.kind) {
    case 'instance-event':
      return `${action.message.change} ${action.message.instanceId}`;
    case 'sighting':
      return `${action.seen.kind} ${action.attempt.id}`;
    case 'end-attempt':
      return `end ${action.attempt.id} ${action.why}`;
    case 'check-runner':
      return `check ${action.attempt.id}`;
    case 'terminate':
      return `terminate ${action.instanceId} ${action.why}`;
    case 'delete-runner':
      return `delete ${action.attempt.id} ${action.runner?.id ?? 'all'}`;
    case 'ask-job':
      return `ask ${action.job.id}`;
    case 'explain-job':
      return `explain ${action.job.id} ${action.stateReason}`;
    case 'expire-job':
    case 'rerun-job':
      return `${action.kind} ${action.job.id}`;
    case 'give-up-launch':
      return `give up ${action.launch.id}`;
    case 'recount':
      return `recount ${action.pool} ${action.unbound}`;
    case 'plan-pool':
      return `plan ${action.pool.name}`;
    case 'alarm':
      return `alarm ${action.fault}: ${action.detail}`;
  }
}
