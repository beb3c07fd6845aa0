/** For tests: the world of dispatch with a reconciler in it, and with what only the reconciler sees. */
import type { LocalFleetOptions } from '../../adapters/local/fleet.ts';
import { START, World } from '../dispatch/dispatch-test-support.ts';
import { limits } from '../limits.ts';
import { runnerNameOf, userIdOf } from '../names.ts';
import type { Deliveries, DeliveriesOutcome, Instance, WebhookDelivery } from '../ports.ts';
import { watchKey } from '../records.ts';
import type { Pool } from '../types.ts';
import type { ReconcileDeps } from './deps.ts';
import { Mortal } from './mortal-test-support.ts';
import { reconcile } from './reconcile.ts';
import { readWatch, type Watch } from './watch.ts';

export const DEPLOYMENT = 'test';
export const INSTALLATION = 7;

/** GitHub's list of what it delivered. */
export class FakeDeliveries implements Deliveries {
  /** The newest first. */
  all: WebhookDelivery[] = [];
  readonly redelivered: number[] = [];
  perPage = 100;
  calls = 0;
  /** Pages that are not answered, by their cursor; '' is the first. */
  readonly unavailable = new Set<string>();

  /** By the test: another try to deliver. */
  add(statusCode: number, guid: string, deliveredAt = START, event = 'workflow_job'): number {
    const id = 1_000 + this.all.length;
    this.all.unshift({ id, guid, deliveredAt, statusCode, event });
    return id;
  }

  /** A cursor names the delivery that its page begins with, as GitHub's do. */
  async list(cursor = ''): Promise<DeliveriesOutcome> {
    this.calls++;
    if (this.unavailable.has(cursor)) return { kind: 'unavailable', detail: '' };
    const from = cursor === '' ? 0 : this.all.findIndex(({ id }) => String(id) === cursor);
    const next = this.all[from + this.perPage];
    const deliveries = this.all.slice(from, from + this.perPage);
    return { kind: 'ok', deliveries, ...(next ? { next: String(next.id) } : {}) };
  }

  async redeliver(id: number) {
    this.calls++;
    this.redelivered.push(id);
    return { kind: 'ok' } as const;
  }
}

export class ReconcileWorld extends World {
  readonly deliveries = new FakeDeliveries();
  /** Of the reconciler alone. */
  readonly life = new Mortal();
  /** Instances that EC2's list leaves out; all of them: it does not answer. */
  readonly unlisted = new Set<string>();
  isEc2Down = false;
  allowedForeignRunners: readonly string[] | undefined;
  private runs = 0;

  reconcile(runId = `run-${++this.runs}`) {
    return reconcile(this.reconcileDeps(runId));
  }

  /** Of a function that may be killed: see `life`. */
  reconcileDeps(runId: string): ReconcileDeps {
    const { deps, life } = this;
    const fleet = { ...deps.fleet, list: () => this.listInstances() };
    return {
      ...deps,
      table: life.over(deps.table, ['write']),
      queue: life.over(deps.queue, ['send']),
      mailbox: life.over(deps.mailbox, ['give', 'close']),
      fleet: life.over(fleet, ['launch', 'terminate']),
      github: life.over(this.github, ['createJitConfig', 'deleteRunner']),
      jobs: life.over(this.jobs, ['rerunJob']),
      deliveries: life.over(this.deliveries, ['redeliver']),
      runId,
      installationId: INSTALLATION,
      allowedForeignRunners: this.allowedForeignRunners,
    };
  }

  private async listInstances(): Promise<readonly Instance[] | 'unavailable'> {
    if (this.isEc2Down) return 'unavailable';
    const all = await this.deps.fleet.list();
    return typeof all === 'string' ? 'unavailable' : all.filter(({ id }) => !this.unlisted.has(id));
  }

  /** Minutes pass: the queue is drained, and the reconciler runs at the end of each. */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute++) {
      await this.drain(limits.reconcileMs);
      await this.reconcile();
    }
  }

  // ------------------------------------------------------------------------------------------------- what happens

  /** The instance of the attempt has read its mail, and its runner listens. */
  async comeUp(attemptId: string, more: { busy?: boolean; online?: boolean } = {}): Promise<void> {
    const instanceId = await this.instanceOf(attemptId);
    this.fleet.instanceRunning(instanceId);
    this.mailbox.take(userIdOf('AROATEST', instanceId), 'now');
    Object.assign(this.runnerOf(attemptId) as object, { online: true, ...more });
  }

  instanceOf = async (attemptId: string) => (await this.attempt(attemptId))?.instanceId as string;

  runnerOf = (attemptId: string) => this.github.runners.get(runnerNameOf(DEPLOYMENT, attemptId));

  removeRunner = (attemptId: string) => this.github.runners.delete(runnerNameOf(DEPLOYMENT, attemptId));

  // -------------------------------------------------------------------------------------------------- what is seen

  async stateOf(attemptId: string) {
    const instanceId = await this.instanceOf(attemptId);
    return this.fleet.instances().find(({ id }) => id === instanceId)?.state;
  }

  /** Instances that are not terminated. */
  alive = () => this.fleet.instances().filter(({ state }) => state !== 'terminated');

  async watch(): Promise<Watch> {
    const [item] = await this.table.read([watchKey]);
    return readWatch(item);
  }

  githubCalls = () => this.github.calls + this.jobs.calls + this.deliveries.calls;

  alarms = () => this.logged.filter(({ event }) => event === 'alarm').map(({ fault }) => fault);
}

export const reconcileWorld = (pools?: readonly Pool[], capacity?: LocalFleetOptions['capacity']) =>
  new ReconcileWorld(pools, capacity).withRunnerPackage();
