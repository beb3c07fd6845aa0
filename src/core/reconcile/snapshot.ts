/** The world as one run saw it. What was not answered is `unknown`, which is not the same as not there. */
import type { GitHubFailure, Instance, Mail, Runner } from '../ports.ts';
import type { Attempt, Job, Launch, Pool, Scope } from '../types.ts';
import type { Marker } from './read-open.ts';

/** An instance with our tag that no open attempt has. */
export interface Unbound {
  readonly instance: Instance;
  /** Its launch, as far as it is still known. */
  readonly launch?: Launch;
  /** The closed attempt that it was bound to. */
  readonly attempt?: Attempt;
}

export interface SnapshotParts {
  readonly now: number;
  readonly deploymentId: string;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly allowedForeignRunners?: readonly string[];
  readonly markers: readonly Marker[];
  readonly jobs: readonly Job[];
  readonly attempts: readonly Attempt[];
  readonly launches: readonly Launch[];
  /** Pool -> instances that it is counted to have. */
  readonly live: ReadonlyMap<string, number>;
  /** Absent: EC2 did not answer. */
  readonly instances?: readonly Instance[];
  readonly unbound: readonly Unbound[];
  /** Runners by place (`placeOf`). Absent: not asked, or GitHub did not answer. */
  readonly runners: ReadonlyMap<string, readonly Runner[]>;
  /** Closed attempts that listed runners are named after. */
  readonly past: ReadonlyMap<string, Attempt>;
  /** By attempt id: of those that boot. */
  readonly mail: ReadonlyMap<string, Mail>;
  readonly failures: readonly GitHubFailure[];
}

/** Where runners are registered, as text. */
export const placeOf = (scope: Scope) =>
  scope.kind === 'organization' ? scope.organization.toLowerCase() : scope.repository.toLowerCase();

export type Seen<What> = What | 'absent' | 'unknown';

export class Snapshot {
  readonly parts: SnapshotParts;
  private readonly instancesById: ReadonlyMap<string, Instance>;
  /** By place and id, and by place and name: a runner may be named like another's id. */
  private readonly runnersById = new Map<string, Runner>();
  private readonly runnersByName = new Map<string, Runner>();

  constructor(parts: SnapshotParts) {
    this.parts = parts;
    this.instancesById = new Map((parts.instances ?? []).map((instance) => [instance.id, instance]));
    for (const [place, runners] of parts.runners)
      for (const runner of runners) {
        this.runnersById.set(`${place} ${runner.id}`, runner);
        this.runnersByName.set(`${place} ${runner.name}`, runner);
      }
  }

  instanceOf({ instanceId }: Attempt): Seen<Instance> {
    if (this.parts.instances === undefined || instanceId === undefined) return 'unknown';
    return this.instancesById.get(instanceId) ?? 'absent';
  }

  /** By its id; by its name, where nobody recorded the id. */
  runnerOf(attempt: Attempt, names: readonly string[]): Seen<Runner> {
    const place = this.placeOf(attempt);
    if (place === undefined || !this.parts.runners.has(place)) return 'unknown';
    if (attempt.runnerId !== undefined) return this.runnersById.get(`${place} ${attempt.runnerId}`) ?? 'absent';
    for (const name of names) {
      const runner = this.runnersByName.get(`${place} ${name}`);
      if (runner) return runner;
    }
    return 'absent';
  }

  private placeOf(attempt: Attempt): string | undefined {
    const pool = this.parts.pools.get(attempt.pool);
    return pool && placeOf(pool.scope);
  }
}

export const isAlive = ({ state }: Instance) => state !== 'terminated' && state !== 'shutting-down';
