/** One deployment of Mayfly: its webhook, queue, table, mailbox and fleet, with the product's own code in its functions. */
import { verifyHmac } from '../src/adapters/hmac.ts';
import { type Capacity, LocalFleet } from '../src/adapters/local/fleet.ts';
import type { LocalInstance } from '../src/adapters/local/instance-host.ts';
import { LocalMailbox } from '../src/adapters/local/mailbox.ts';
import { LocalQueue, type QueueMessage } from '../src/adapters/local/queue.ts';
import { LocalTable } from '../src/adapters/local/table.ts';
import { LocalWebhookSecrets } from '../src/adapters/local/webhook-secrets.ts';
import type { DispatchDeps } from '../src/core/dispatch/deps.ts';
import { dispatch } from '../src/core/dispatch/dispatch.ts';
import { limits } from '../src/core/limits.ts';
import { writeMessage } from '../src/core/messages.ts';
import { reconcile } from '../src/core/reconcile/reconcile.ts';
import { isMarker, OPEN, runnerKey } from '../src/core/records.ts';
import type { Pool } from '../src/core/types.ts';
import { receiveWebhook } from '../src/core/webhook/receive-webhook.ts';
import type { Account } from './account.ts';
import { Disturbances } from './disturbances.ts';
import type { DeploymentView } from './final-view.ts';
import { Functions, type FunctionWorld } from './functions.ts';
import { type GitHubSide, INSTALLATION_ID, ORGANIZATION, type SignedRequest, WEBHOOK_SECRET } from './github-side.ts';
import { SimInstance } from './instance.ts';
import type { PortContext } from './ports/call.ts';
import { fleetPort } from './ports/fleet.ts';
import { githubPorts } from './ports/github.ts';
import { mailboxPort } from './ports/mailbox.ts';
import { queuePort } from './ports/queue.ts';
import { tablePort } from './ports/table.ts';
import { Rng } from './rng.ts';

const VISIBILITY_TIMEOUT_MS = 180_000;
const MAX_RECEIVES = 5;
const DISPATCHERS = 5;
/** What strikes while a launch is under way disturbs it as well. */
const LAUNCHING_MS = 5_000;
const LATE_EVENT_MS = 300_000;

export interface DeploymentWorld extends FunctionWorld {
  readonly github: GitHubSide;
  readonly account: Account;
  readonly jobMs: (jobId: number) => number;
  /** A fault cost instances. */
  readonly excuse: (why: string, count: number) => void;
  /** EC2's events name no deployment: every one hears them all. */
  readonly announce: (instanceId: string, change: 'terminated' | 'stopped' | 'spot-warning') => void;
}

export class Deployment {
  readonly id: string;
  readonly table = new LocalTable();
  readonly mailbox = new LocalMailbox();
  readonly queue: LocalQueue;
  readonly fleet: LocalFleet;
  readonly functions: Functions;
  readonly instances = new Map<string, SimInstance>();
  pools: ReadonlyMap<string, Pool>;
  private readonly world: DeploymentWorld;
  private readonly chance: Rng;
  private readonly pace: Rng;
  private readonly secrets: LocalWebhookSecrets;
  private readonly disturbances: Disturbances;
  private readonly byUserId = new Map<string, SimInstance>();
  private capacity: Capacity = 0;
  private runs = 0;
  private dead = 0;
  /** When `pump` is to come back. */
  private pumpAt = 0;

  constructor(parts: DeploymentWorld, pools: readonly Pool[]) {
    const { clock, seed, deployment } = parts;
    this.disturbances = new Disturbances(clock.read);
    const world = { ...parts, strike: this.disturbances.watch(parts.strike) };
    this.world = world;
    this.id = `sim${deployment}`;
    this.pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.chance = Rng.of(seed, `deployment/${deployment}`);
    this.pace = Rng.of(seed, `instances/${deployment}`);
    this.functions = new Functions(world);
    this.secrets = new LocalWebhookSecrets(clock.read, [WEBHOOK_SECRET]);
    this.queue = new LocalQueue({
      clock: clock.read,
      visibilityTimeoutMs: VISIBILITY_TIMEOUT_MS,
      maxReceives: MAX_RECEIVES,
    });
    this.queue.onSend(() => clock.after(this.chance.between(5, 50), () => this.pump()));
    this.fleet = this.makeFleet();
    world.github.hooks.push((request, sender) => this.receive(request, sender));
  }

  /** Before anything happens: the runner cache has been filled. */
  async start(): Promise<void> {
    const item = { ...runnerKey('linux-x64'), v: 1, key: 'runner/2.336.0.tar.gz', sha256: 'abc', version: '2.336.0' };
    await this.table.write([{ kind: 'put', item, ifVersion: 0 }]);
    this.world.clock.after(this.chance.between(0, limits.reconcileMs), () => this.tick());
  }

  private makeFleet(): LocalFleet {
    const { clock, deployment, account, tell, announce } = this.world;
    const fleet = new LocalFleet({
      clock: clock.read,
      idsFrom: deployment * 0x1_0000_0000,
      capacity: () => this.capacity,
      host: {
        start: (instance, pool) => this.launchInstance(instance, pool),
        stop: (instanceId) => this.instances.get(instanceId)?.terminate(),
      },
    });
    fleet.onChange((instance) => {
      account.note(instance);
      tell({ kind: 'instance', deployment, instance });
      if (instance.state !== 'terminated') return;
      this.excuseUnregistered(instance);
      announce(instance.id, 'terminated');
    });
    return fleet;
  }

  /** GitHub gave it no registration until its boot deadline, or all who tried to register it died: it is replaced. */
  private excuseUnregistered({ id, launchedAt }: LocalInstance): void {
    const wasOnline = this.instances.get(id)?.isConnected ?? false;
    const since = launchedAt - LAUNCHING_MS;
    const isExcused = this.world.github.hasRefusedSince(since) || this.disturbances.isTooMuchSince(since);
    if (!wasOnline && isExcused) this.world.excuse('not-registered', 1);
  }

  private launchInstance(instance: LocalInstance, pool: Pool): void {
    const { world, fleet, mailbox, pace } = this;
    const announce = (id: string, change: 'spot-warning' | 'stopped') => {
      if (change === 'stopped') world.account.note(instance, 'stopped');
      world.announce(id, change);
    };
    const simulated = new SimInstance({ ...world, fleet, mailbox, pace, announce }, instance, pool);
    this.instances.set(instance.id, simulated);
    this.byUserId.set(`${pool.roleId}:${instance.id}`, simulated);
    simulated.launch();
  }

  // -------------------------------------------------------------------------------------------------- the functions

  private async receive(request: SignedRequest, sender: 'github' | 'forger' | 'stranger'): Promise<number> {
    const { tell, deployment } = this.world;
    let messages = 0;
    const answer = await this.functions.invoke('webhook', (context) => {
      const queue = queuePort(context, this.queue);
      return receiveWebhook(
        { ...request, isBase64Encoded: false },
        {
          config: {
            owner: ORGANIZATION,
            installationId: INSTALLATION_ID,
            pools: [...this.pools.values()],
            deploymentId: this.id,
          },
          secrets: this.secrets,
          verify: verifyHmac,
          queue: {
            send: async (body, delayMs) => {
              const sent = await queue.send(body, delayMs);
              if (sent === 'ok') messages += 1;
              return sent;
            },
          },
          clock: context.invocation.clock,
        },
      );
    });
    const status = answer?.status ?? 502;
    tell({ kind: 'webhook', deployment, sender, status, messages });
    return status;
  }

  /** The event source: hands batches to at most so many dispatchers, and comes back when a message becomes visible. */
  private pump(): void {
    while (this.functions.count('dispatch') < DISPATCHERS) {
      const batch = this.queue.receive(this.chance.int(1, limits.dispatchBatch));
      if (batch.length === 0) break;
      void this.handle(batch);
    }
    this.noteDead();
    this.pumpAgainAt(this.queue.nextVisibleAt());
  }

  /** Once, however many ask for it. A message that is visible now is picked up by the next dispatcher that is free. */
  private pumpAgainAt(time: number | undefined): void {
    const { clock } = this.world;
    if (time === undefined || time <= clock.now) return;
    if (this.pumpAt > clock.now && this.pumpAt <= time) return;
    this.pumpAt = time;
    clock.at(time, () => this.pump());
  }

  private async handle(batch: readonly QueueMessage[]): Promise<void> {
    const { strike, tell, deployment, clock } = this.world;
    const expired = strike('queue-expired');
    if (expired) clock.after(expired.between(0, 3_000), () => void this.dispatch(batch));
    const failed = await this.dispatch(batch);
    if (failed) {
      for (const { id, body, receiptHandle } of batch) {
        if (failed.has(id)) continue;
        tell({ kind: 'acknowledged', deployment, body });
        if (!strike('queue-delete-lost')) this.queue.delete(receiptHandle);
      }
    }
    this.pump();
  }

  /** Ids of the messages that failed; `undefined`: it died. */
  private async dispatch(batch: readonly QueueMessage[]): Promise<ReadonlySet<string> | undefined> {
    const failures = await this.functions.invoke('dispatch', (context) =>
      dispatch(
        this.deps(context),
        batch.map(({ id, body }) => ({ messageId: id, body })),
      ),
    );
    return failures && new Set(failures.map(({ messageId }) => messageId));
  }

  private noteDead(): void {
    const { dead } = this.queue.counts();
    if (dead === this.dead) return;
    const { tell, deployment } = this.world;
    for (const { body } of this.queue.deadLetters().slice(this.dead)) tell({ kind: 'dead', deployment, body });
    this.dead = dead;
  }

  private tick(): void {
    const { clock, strike } = this.world;
    clock.after(limits.reconcileMs, () => this.tick());
    if (strike('deployment')) this.redeploy();
    if (strike('reconcile-missed')) return;
    void this.reconcile();
    const overlap = strike('reconcile-overlap');
    if (overlap) clock.after(overlap.between(0, 5_000), () => void this.reconcile());
  }

  async reconcile(): Promise<void> {
    const { tell, deployment } = this.world;
    const result = await this.functions.invoke('reconcile', (context) => {
      const { deliveries } = this.githubPorts(context);
      this.runs += 1;
      return reconcile({
        ...this.deps(context),
        deliveries,
        runId: `run-${this.runs}`,
        installationId: INSTALLATION_ID,
      });
    });
    if (result) tell({ kind: 'reconciled', deployment, result });
  }

  /** New code and new limits, while work is under way. */
  redeploy(): void {
    const changed = [...this.pools.values()].map((pool) => ({ ...pool, maxRunners: this.chance.pick([2, 4, 20]) }));
    this.pools = new Map(changed.map((pool) => [pool.name, pool]));
    const { tell, deployment } = this.world;
    tell({
      kind: 'redeployed',
      deployment,
      limits: Object.fromEntries(changed.map(({ name, maxRunners }) => [name, maxRunners])),
    });
    this.functions.killAll();
  }

  // ------------------------------------------------------------------------------------------------------ the ports

  private deps(context: PortContext): DispatchDeps {
    const { tell, deployment, account } = this.world;
    const { github, jobs } = this.githubPorts(context);
    return {
      deploymentId: this.id,
      pools: this.pools,
      table: tablePort(context, this.table),
      queue: queuePort(context, this.queue),
      mailbox: mailboxPort(context, this.mailbox, (userId) => this.byUserId.get(userId)?.onMail()),
      fleet: fleetPort(context, {
        fleet: this.fleet,
        account,
        setCapacity: (capacity) => {
          this.capacity = capacity;
        },
        truthOf: (instanceId) => this.truthOf(instanceId),
      }),
      github,
      jobs,
      clock: context.invocation.clock,
      log: (entry) => tell({ kind: 'log', deployment, role: context.invocation.role, entry }),
    };
  }

  private githubPorts = (context: PortContext) => githubPorts(context, this.world.github);

  private truthOf(instanceId: string) {
    const instance = this.instances.get(instanceId);
    return { runner: this.world.github.truthOf(instance?.runnerName), excuse: instance?.excuse };
  }

  // ------------------------------------------------------------------------------------------------- what EC2 tells

  /** An event of EC2, about any instance of the account. */
  hear(instanceId: string, change: 'terminated' | 'stopped' | 'spot-warning'): void {
    const { strike, clock } = this.world;
    if (strike('ec2-event-lost')) return;
    const late = strike('ec2-event-late');
    const delayMs = late ? late.between(1_000, LATE_EVENT_MS) : this.chance.between(300, 2_000);
    const body = writeMessage({ kind: 'instance', instanceId, change });
    clock.after(delayMs, () => void this.queue.send(body));
    const twice = strike('ec2-event-duplicate');
    if (twice) clock.after(delayMs + twice.between(0, 5_000), () => void this.queue.send(body));
  }

  // ------------------------------------------------------------------------------------------------ for the world

  /** Something changed at GitHub: runners may have got jobs. */
  lookAround(): void {
    for (const instance of this.instances.values()) if (!instance.isEnded) instance.look();
  }

  isAtRest(): boolean {
    const { visible, delayed, inFlight } = this.queue.counts();
    if (visible + delayed + inFlight > 0 || this.functions.count('dispatch') > 0) return false;
    for (const { isEnded } of this.instances.values()) if (!isEnded) return false;
    return this.open().length === 0 && Object.values(this.reserved()).every((count) => count === 0);
  }

  view(): DeploymentView {
    const { visible, delayed, inFlight } = this.queue.counts();
    return {
      messages: visible + delayed + inFlight,
      open: this.open(),
      reserved: this.reserved(),
    };
  }

  private reserved(): Record<string, number> {
    const counters = [...this.table.all()].filter(({ sk }) => sk === 'live');
    return Object.fromEntries(counters.map(({ pk, live }) => [pk.slice('pool#'.length), live as number]));
  }

  private open(): string[] {
    const open: string[] = [];
    for (const item of this.table.all()) if (item.pk === OPEN && isMarker(item)) open.push(item.sk);
    return open;
  }
}
