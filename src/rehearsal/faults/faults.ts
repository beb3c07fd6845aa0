/** The faults of a rehearsal with `--faults`: all of them, each at its place, and the story of each. */
import type { Hono } from 'hono';
import type { InstanceHost } from '../../adapters/local/instance-host.ts';
import type { Fleet, GitHub, Queue } from '../../core/ports.ts';
import type { Pool } from '../../core/types.ts';
import type { GitHubModel } from '../github/model/model.ts';
import type { RunnerBackend } from '../github/runner-backend.ts';
import type { WorldEvent } from '../world.ts';
import { Cast } from './cast.ts';
import { failedBoot } from './failed-boot.ts';
import type { Fault, FaultName, MakeFault, Teller } from './fault.ts';
import { ghost } from './ghost.ts';
import { lostWebhook } from './lost-webhook.ts';
import { swappedRunner } from './swapped-runner.ts';
import { throttledLaunch } from './throttled-launch.ts';

/** A runner that is gone is suspected only after the boot deadline of its pool: none is longer with faults. */
const BOOT_DEADLINE_MS = 20_000;
/** So many jobs, and so many of them at once, are needed for every fault to find its place. */
export const FAULT_JOBS = { inAll: 5, atOnce: 4 };

const MAKERS: Readonly<Record<FaultName, MakeFault>> = {
  'throttled-launch': throttledLaunch,
  'swapped-runner': swappedRunner,
  'failed-boot': failedBoot,
  ghost,
  'lost-webhook': lostWebhook,
};

export interface FaultStory {
  readonly name: FaultName;
  /** Absent: it has not struck, or not healed, yet. */
  struck?: { readonly at: number; readonly how: string };
  healed?: { readonly at: number; readonly how: string };
}

export class Faults {
  /** So many times as fast as the wall clock goes the control plane's. */
  readonly speed = 10;
  readonly stories: readonly FaultStory[];
  readonly #cast = new Cast();
  readonly #faults: readonly Fault[];

  /** `onNews`: a story went on. */
  constructor(onNews: (story: FaultStory) => void) {
    const made = Object.entries(MAKERS).map(([name, make]) => {
      const story: FaultStory = { name: name as FaultName };
      return { story, fault: make(this.#cast, tellerOf(story, onNews)) };
    });
    this.stories = made.map(({ story }) => story);
    this.#faults = made.map(({ fault }) => fault);
  }

  onEvent(event: WorldEvent): void {
    this.#cast.apply(event);
    for (const fault of this.#faults) fault.onEvent?.(event);
  }

  pool = (pool: Pool): Pool => ({ ...pool, bootDeadlineMs: Math.min(pool.bootDeadlineMs, BOOT_DEADLINE_MS) });

  webhookQueue(queue: Queue): Queue {
    return this.#faults.reduce((inner, fault) => fault.webhookQueue?.(inner) ?? inner, queue);
  }

  fleet(fleet: Fleet): Fleet {
    return this.#faults.reduce((inner, fault) => fault.fleet?.(inner) ?? inner, fleet);
  }

  github(github: GitHub): GitHub {
    return this.#faults.reduce((inner, fault) => fault.github?.(inner) ?? inner, github);
  }

  host(host: InstanceHost): InstanceHost {
    return this.#faults.reduce((inner, fault) => fault.host?.(inner) ?? inner, host);
  }

  runnerBackend(github: GitHubModel): RunnerBackend {
    return this.#faults.reduce<RunnerBackend>((inner, fault) => fault.runnerBackend?.(inner, github) ?? inner, github);
  }

  runnerService(service: Hono, github: GitHubModel): Hono {
    return this.#faults.reduce((inner, fault) => fault.runnerService?.(inner, github) ?? inner, service);
  }
}

function tellerOf(story: FaultStory, onNews: (story: FaultStory) => void): Teller {
  const tell = (part: 'struck' | 'healed') => (how: string) => {
    if (story[part]) return;
    story[part] = { at: Date.now(), how };
    onNews(story);
  };
  return { struck: tell('struck'), healed: tell('healed') };
}
