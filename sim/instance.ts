/**
 * One simulated instance, from launch to its end:
 *
 *   pending -> running -> takes its letter -> fetches the runner -> connects -> gets a job -> runs it -> powers off
 *
 * and all that may go wrong on the way. It talks to the mailbox and to GitHub's model as the boot script and the runner do.
 */
import type { LocalFleet } from '../src/adapters/local/fleet.ts';
import type { LocalInstance } from '../src/adapters/local/instance-host.ts';
import type { LocalMailbox } from '../src/adapters/local/mailbox.ts';
import { userIdOf } from '../src/core/names.ts';
import type { Pool } from '../src/core/types.ts';
import { clocks } from '../src/rehearsal/github/model/clocks.ts';
import type { RunnerRecord } from '../src/rehearsal/github/model/types.ts';
import type { SimClock } from './clock.ts';
import type { StrikeFault } from './faults.ts';
import type { GitHubSide } from './github-side.ts';
import type { Happening, KillExcuse } from './history.ts';
import type { Rng } from './rng.ts';

/** What an instance lives in. */
export interface InstanceWorld {
  readonly clock: SimClock;
  readonly deployment: number;
  readonly github: GitHubSide;
  readonly fleet: LocalFleet;
  readonly mailbox: LocalMailbox;
  /** How long boots, downloads and shutdowns take. */
  readonly pace: Rng;
  readonly strike: StrikeFault;
  readonly tell: (happening: Happening) => void;
  /** How long a job of that name runs. */
  readonly jobMs: (jobId: number) => number;
  /** EC2 says that it takes the instance back, or that it stopped. */
  readonly announce: (instanceId: string, change: 'spot-warning' | 'stopped') => void;
}

const HEARTBEAT_MS = 50_000;
const RECLAIM_MS = 120_000;
const RUNNER_VERSION = '2.336.0';

export class SimInstance {
  readonly id: string;
  readonly pool: Pool;
  /** Once it took its letter. */
  runnerName: string | undefined;
  isEnded = false;
  isStopped = false;
  private isReclaimed = false;
  /** Its processes are dead, or hang for ever: nothing on it happens any more. */
  private isMute = false;
  private sessionId: string | undefined;
  private record: RunnerRecord | undefined;
  private isAcquiring = false;
  private isBooted = false;
  /** Its runner was online once. */
  isConnected = false;
  private readonly world: InstanceWorld;
  private readonly instance: LocalInstance;

  constructor(world: InstanceWorld, instance: LocalInstance, pool: Pool) {
    this.world = world;
    this.instance = instance;
    this.id = instance.id;
    this.pool = pool;
  }

  /** Why it may be terminated whatever its runner does. */
  get excuse(): KillExcuse | undefined {
    if (this.isEnded) return 'ended';
    if (this.isStopped) return 'stopped';
    if (this.isReclaimed) return 'reclaimed';
    return this.world.clock.now - this.instance.launchedAt >= this.pool.lifetimeMs ? 'lifetime' : undefined;
  }

  launch(): void {
    const { strike, pace } = this.world;
    if (strike('dies-at-launch')) {
      this.after(pace.between(500, 5_000), () => this.end('Client.InternalError'));
      return;
    }
    this.sufferFate();
    this.after(pace.between(2_000, 8_000), () => {
      if (this.isStopped) return;
      this.world.fleet.instanceRunning(this.id);
      this.boot();
    });
  }

  /** TerminateInstances: EC2 takes its time. */
  terminate(): void {
    this.isMute = true;
    this.world.clock.after(this.world.pace.between(1_000, 20_000), () => this.end('Client.UserInitiatedShutdown'));
  }

  /** Something changed at GitHub. */
  look(): void {
    const { record } = this;
    if (!this.isConnected || this.isMute || this.isAcquiring || !record?.job || record.busy) return;
    this.isAcquiring = true;
    this.after(this.world.pace.between(100, 2_000), () => this.acquire());
  }

  /** A letter was put into its mailbox: it looks there every other second. */
  onMail(): void {
    if (this.isBooted && this.runnerName === undefined)
      this.after(this.world.pace.between(0, 2_000), () => this.takeLetter());
  }

  /** What befalls it from outside. */
  private sufferFate(): void {
    const { strike } = this.world;
    const reclaim = this.instance.market === 'spot' ? strike('spot-reclaimed') : undefined;
    const kill = this.instance.market === 'spot' ? strike('spot-killed') : undefined;
    const hand = strike('terminated-by-hand');
    const stop = strike('stopped-by-hand');
    if (reclaim)
      this.later(reclaim.between(5_000, 240_000), () => {
        this.isReclaimed = true;
        this.world.announce(this.id, 'spot-warning');
        this.later(RECLAIM_MS, () => this.end('Server.SpotInstanceTermination'));
      });
    if (kill) this.later(kill.between(5_000, 240_000), () => this.end('Server.SpotInstanceTermination'));
    if (hand) this.later(hand.between(5_000, 240_000), () => this.end('Client.UserInitiatedShutdown'));
    if (stop) this.later(stop.between(5_000, 240_000), () => this.stop());
  }

  private stop(): void {
    if (this.isEnded) return;
    this.isMute = true;
    this.isStopped = true;
    this.world.announce(this.id, 'stopped');
  }

  private boot(): void {
    const { strike, pace } = this.world;
    if (strike('boot-hung')) {
      this.hang();
      return;
    }
    if (!strike('guards-disarmed')) this.watch();
    if (strike('boot-failed')) {
      this.after(pace.between(3_000, 20_000), () => this.end('Client.InstanceInitiatedShutdown'));
      return;
    }
    const slow = strike('boot-slow');
    const bootMs = slow ? this.pool.bootDeadlineMs * slow.between(0.7, 1.3) : pace.between(8_000, 25_000);
    this.after(bootMs, () => {
      this.isBooted = true;
      this.takeLetter();
    });
  }

  /** On the box: it powers off at its boot deadline and at its lifetime. */
  private watch(): void {
    this.after(this.pool.bootDeadlineMs, () => {
      if (!this.isConnected) this.end('Client.InstanceInitiatedShutdown');
    });
    this.later(this.pool.lifetimeMs, () => this.end('Client.InstanceInitiatedShutdown'));
  }

  private takeLetter(): void {
    if (this.runnerName !== undefined) return;
    const { mailbox, clock, strike, tell, deployment, pace } = this.world;
    const letter = mailbox.take(userIdOf(this.pool.roleId, this.id), new Date(clock.now).toISOString());
    if (letter === undefined) return;
    const jit = readJitConfig(letter);
    this.runnerName = jit.name;
    tell({ kind: 'letter-taken', deployment, instanceId: this.id, runnerName: jit.name });
    if (strike('mail-lost')) {
      this.end('Client.InstanceInitiatedShutdown');
      return;
    }
    this.after(pace.between(2_000, 6_000), () => this.connect(jit.clientId));
  }

  private connect(clientId: string): void {
    const { github, tell, deployment, strike } = this.world;
    const connected = github.model.connect(clientId, RUNNER_VERSION);
    if (connected.kind !== 'ok' || this.runnerName === undefined) {
      this.powerOff();
      return;
    }
    this.sessionId = connected.sessionId;
    this.record = github.model.state.sessions.get(connected.sessionId);
    this.isConnected = true;
    tell({ kind: 'connected', deployment, instanceId: this.id, runnerName: this.runnerName });
    const crash = strike('runner-crashed-idle');
    if (crash) this.after(crash.between(0, 60_000), () => this.crashIdle());
    if (strike('runner-hung')) {
      this.hang();
      return;
    }
    if (strike('runner-ghost')) {
      this.becomeGhost();
      return;
    }
    const deleted = strike('runner-deleted');
    if (deleted) this.after(deleted.between(0, 30_000), () => this.loseRecord());
    this.after(HEARTBEAT_MS, () => this.heartbeat());
    this.look();
  }

  private crashIdle(): void {
    if (!this.record?.busy) this.powerOff();
  }

  /** Somebody deleted its runner at GitHub: its process ends by itself at its next poll. */
  private loseRecord(): void {
    if (this.record) this.world.github.model.deleteRunner(this.pool.scope, this.record.id);
  }

  /** A cancelled job used the runner's record up; the process listens for ever. A job that it was given is given back. */
  private becomeGhost(): void {
    const { record } = this;
    if (!record) return;
    this.hang();
    if (this.world.github.model.deleteRunner(this.pool.scope, record.id) === 'busy')
      this.later(clocks.acquireMs + 1, () => this.becomeGhost());
  }

  private heartbeat(): void {
    const { model } = this.world.github;
    if (!this.sessionId) return;
    const { record } = this;
    if (record?.busy && record.job) {
      if (model.renew(this.sessionId, String(record.job.id)) === 'cancelled') this.finish('cancelled');
    } else if (model.poll(this.sessionId).kind === 'deleted') {
      this.powerOff();
      return;
    }
    this.after(HEARTBEAT_MS, () => this.heartbeat());
  }

  private acquire(): void {
    const { model } = this.world.github;
    this.isAcquiring = false;
    if (!this.sessionId) return;
    const polled = model.poll(this.sessionId);
    if (polled.kind === 'deleted') {
      this.powerOff();
      return;
    }
    if (polled.kind !== 'job') return;
    if (model.acquire(this.sessionId, polled.job.id).kind !== 'ok') return;
    const runMs = this.world.jobMs(Number(polled.job.id));
    const crash = this.world.strike('runner-crashed-busy');
    if (crash) {
      this.after(runMs * crash.next(), () => this.powerOff());
      return;
    }
    this.after(runMs, () => this.finish('ran'));
  }

  private finish(end: 'ran' | 'cancelled'): void {
    const { record, sessionId } = this;
    if (!record?.job || !sessionId) return;
    const { model } = this.world.github;
    model.finishJob(sessionId, String(record.job.id), end);
    model.disconnect(sessionId);
    this.sessionId = undefined;
    if (this.world.strike('runner-never-ends')) {
      this.hang();
      return;
    }
    this.powerOff();
  }

  private powerOff(): void {
    this.after(this.world.pace.between(2_000, 10_000), () => this.end('Client.InstanceInitiatedShutdown'));
  }

  private hang(): void {
    this.isMute = true;
  }

  private end(stateReason: string): void {
    if (this.isEnded) return;
    this.isMute = true;
    this.isEnded = true;
    this.world.fleet.instanceEnded(this.id, stateReason);
  }

  /** While its processes live. */
  private after(delayMs: number, run: () => void): void {
    this.world.clock.after(delayMs, () => {
      if (!this.isMute && !this.isEnded) run();
    });
  }

  /** Whatever its processes do. */
  private later(delayMs: number, run: () => void): void {
    this.world.clock.after(delayMs, () => {
      if (!this.isEnded) run();
    });
  }
}

/** As the runner reads it: base64 of a JSON object of base64 files. */
function readJitConfig(letter: string): { readonly name: string; readonly clientId: string } {
  const jitConfig = letter.slice(letter.lastIndexOf(' ') + 1);
  const files = JSON.parse(Buffer.from(jitConfig, 'base64').toString()) as Record<'.runner' | '.credentials', string>;
  const parse = (file: string) => JSON.parse(Buffer.from(file, 'base64').toString());
  return {
    name: parse(files['.runner']).AgentName as string,
    clientId: parse(files['.credentials']).Data.clientId as string,
  };
}
