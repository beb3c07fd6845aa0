/** What a fault of a rehearsal is: it gets between two parts, strikes once, and watches how that heals. */
import type { Hono } from 'hono';
import type { InstanceHost } from '../../adapters/local/instance-host.ts';
import type { Fleet, GitHub, Queue } from '../../core/ports.ts';
import type { GitHubModel } from '../github/model/model.ts';
import type { RunnerBackend } from '../github/runner-backend.ts';
import type { WorldEvent } from '../world.ts';
import type { Cast } from './cast.ts';

export type FaultName = 'throttled-launch' | 'swapped-runner' | 'failed-boot' | 'ghost' | 'lost-webhook';

/** Between which parts it gets. What it leaves out stays as it is. */
export interface Fault {
  onEvent?(event: WorldEvent): void;
  /** The launch queue, as the webhook sees it. */
  webhookQueue?(queue: Queue): Queue;
  fleet?(fleet: Fleet): Fleet;
  /** What the control plane asks of GitHub's runners. */
  github?(github: GitHub): GitHub;
  host?(host: InstanceHost): InstanceHost;
  /** What GitHub answers to runners, and the requests in which they ask. */
  runnerBackend?(backend: RunnerBackend, github: GitHubModel): RunnerBackend;
  runnerService?(service: Hono, github: GitHubModel): Hono;
}

/** Says, once each, that it struck and that it healed: in what way, as one line. */
export interface Teller {
  struck(how: string): void;
  healed(how: string): void;
}

export type MakeFault = (cast: Cast, tell: Teller) => Fault;
