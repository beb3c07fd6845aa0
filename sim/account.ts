/** The AWS account: every instance that ever was, of all deployments, and where EC2 has no capacity. */
import type { LocalInstance } from '../src/adapters/local/instance-host.ts';
import type { InstanceState } from '../src/core/ports.ts';
import type { Override } from '../src/core/types.ts';
import type { SimClock } from './clock.ts';
import type { Rng } from './rng.ts';
import { Timeline } from './timeline.ts';

const HOLE_MS = { from: 60_000, to: 600_000 };
const MISCONFIGURED_MS = 60_000;

export class Account {
  readonly timeline = new Timeline<InstanceState>();
  readonly instances = new Map<string, LocalInstance>();
  private readonly clock: SimClock;
  private readonly holes = new Map<string, number>();
  private misconfiguredUntil = 0;

  constructor(clock: SimClock) {
    this.clock = clock;
  }

  note(instance: LocalInstance, state: InstanceState = instance.state): void {
    this.instances.set(instance.id, instance);
    this.timeline.note(instance.id, this.clock.now, state);
  }

  /** No capacity for one of the choices, or for all of them. */
  digHole(choices: readonly Override[], extent: Rng): void {
    const until = this.clock.now + extent.between(HOLE_MS.from, HOLE_MS.to);
    const hit = extent.chance(0.3) ? choices : [extent.pick(choices)];
    for (const choice of hit) this.holes.set(nameOf(choice), until);
  }

  exhausted(choices: readonly Override[]): Override[] {
    return choices.filter((choice) => (this.holes.get(nameOf(choice)) ?? 0) > this.clock.now);
  }

  takePermissionAway(): void {
    this.misconfiguredUntil = this.clock.now + MISCONFIGURED_MS;
  }

  get isMisconfigured(): boolean {
    return this.clock.now < this.misconfiguredUntil;
  }

  /** Faults are over. */
  heal(): void {
    this.holes.clear();
    this.misconfiguredUntil = 0;
  }
}

const nameOf = ({ instanceType, subnetId }: Override) => `${instanceType} ${subnetId}`;
