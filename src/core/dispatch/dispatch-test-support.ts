/** For tests: dispatch over the local adapters, a GitHub that counts, and instances that do nothing by themselves. */
import { LocalFleet, type LocalFleetOptions } from '../../adapters/local/fleet.ts';
import { LocalMailbox } from '../../adapters/local/mailbox.ts';
import { LocalQueue } from '../../adapters/local/queue.ts';
import { LocalTable } from '../../adapters/local/table.ts';
import type { JobMessage, Message } from '../messages.ts';
import { runnerNameOf, userIdOf } from '../names.ts';
import { aPool } from '../pool-test-support.ts';
import type { Key, Log, RunnerRef, Table, Write } from '../ports.ts';
import { attemptKey, fromItem, isMarker, jobKey, launchKey, liveKey, runnerKey } from '../records.ts';
import type { Attempt, Job, Launch, Pool } from '../types.ts';
import type { DispatchDeps } from './deps.ts';
import { dispatch } from './dispatch.ts';
import { FakeGitHub, FakeJobs } from './github-test-support.ts';

export const DEPLOYMENT = 'test';
export const START = Date.parse('2026-11-24T12:00:00Z');

export class World {
  now = START;
  readonly table = new LocalTable();
  readonly mailbox = new LocalMailbox();
  readonly github = new FakeGitHub();
  readonly jobs = new FakeJobs(START);
  readonly queue: LocalQueue;
  readonly fleet: LocalFleet;
  readonly pools: Map<string, Pool>;
  readonly launches: Launch[] = [];
  readonly logged: Parameters<Log>[0][] = [];
  /** Calls to AWS so far, by method. */
  readonly calls: Record<string, number> = {};
  /** Called before each write of the table: throw or change records to disturb it. */
  beforeWrite: () => void | Promise<void> = () => {};
  readonly deps: DispatchDeps;

  constructor(pools: readonly Pool[] = [aPool()], capacity?: LocalFleetOptions['capacity']) {
    const clock = () => this.now;
    this.pools = new Map(pools.map((pool) => [pool.name, pool]));
    this.queue = new LocalQueue({ clock, visibilityTimeoutMs: 180_000, maxReceives: 5 });
    const host = { start: () => {}, stop: (id: string) => this.fleet.instanceEnded(id, 'stopped by test') };
    this.fleet = new LocalFleet({ clock, host, capacity });
    this.deps = this.makeDeps(clock);
  }

  private makeDeps(clock: () => number): DispatchDeps {
    const { table, fleet, mailbox, queue } = this;
    return {
      deploymentId: DEPLOYMENT,
      pools: this.pools,
      table: {
        read: this.counted('read', (keys: readonly Key[]) => table.read(keys)),
        query: this.counted('query', (pk: string, options?: { prefix?: string; after?: string; limit?: number }) =>
          table.query(pk, options),
        ),
        write: this.counted('write', async (writes: readonly Write[]) => {
          await this.beforeWrite();
          return table.write(writes);
        }),
      } satisfies Table,
      queue: { send: this.counted('send', (body: string, delayMs?: number) => queue.send(body, delayMs)) },
      mailbox: {
        give: this.counted('give', (userId: string, letter: string, expiresAt: number, runner: RunnerRef) =>
          mailbox.give(userId, letter, expiresAt, runner),
        ),
        read: this.counted('mail', (userIds: readonly string[]) => mailbox.read(userIds)),
        close: this.counted('close', (userId: string, expiresAt: number) => mailbox.close(userId, expiresAt)),
      },
      fleet: {
        launch: this.counted('launch', (launch: Launch, pool: Pool) => {
          this.launches.push(launch);
          return fleet.launch(launch, pool);
        }),
        terminate: this.counted('terminate', (id: string) => fleet.terminate(id)),
        list: this.counted('instances', () => fleet.list()),
      },
      github: this.github,
      jobs: this.jobs,
      clock,
      log: (entry) => this.logged.push(entry),
    };
  }

  private counted<Args extends readonly unknown[], Result>(name: string, call: (...args: Args) => Result) {
    return (...args: Args): Result => {
      this.calls[name] = (this.calls[name] ?? 0) + 1;
      return call(...args);
    };
  }

  awsCalls = () => Object.values(this.calls).reduce((sum, count) => sum + count, 0);

  async withRunnerPackage(): Promise<this> {
    const item = { ...runnerKey('linux-x64'), v: 1, key: 'runner/x.tar.gz', sha256: 'abc', version: '2.336.0' };
    await this.table.write([{ kind: 'put', item, ifVersion: 0 }]);
    return this;
  }

  /** Hands the messages to dispatch as one batch, as they come out of the queue. */
  dispatch(...messages: readonly (Message | string)[]) {
    const batch = messages.map((message, position) => ({
      messageId: `m${position}`,
      body: typeof message === 'string' ? message : JSON.stringify(message),
    }));
    return dispatch(this.deps, batch);
  }

  /** What the queue holds and is due, until it holds nothing that becomes due within `forMs`. */
  async drain(forMs = 0): Promise<void> {
    const until = this.now + forMs;
    for (
      let next = this.queue.nextVisibleAt();
      next !== undefined && next <= until;
      next = this.queue.nextVisibleAt()
    ) {
      this.now = Math.max(this.now, next);
      const batch = this.queue.receive(10);
      const failed = await dispatch(
        this.deps,
        batch.map(({ id, body }) => ({ messageId: id, body })),
      );
      for (const message of batch)
        if (!failed.some(({ messageId }) => messageId === message.id)) this.queue.delete(message.receiptHandle);
    }
    this.now = until;
  }

  event(action: JobMessage['action'], jobId: number | string, more: Partial<JobMessage> = {}): JobMessage {
    return {
      kind: 'job',
      action,
      pool: 'linux',
      jobId: String(jobId),
      name: `job ${jobId}`,
      repository: 'acme/web',
      installationId: 7,
      createdAt: this.now,
      delivery: `guid-${jobId}-${action}`,
      ...more,
    };
  }

  /** The runner that was made for an attempt takes the job. */
  running = (jobId: number, attemptId: string) =>
    this.event('in_progress', jobId, { runnerName: runnerNameOf(DEPLOYMENT, attemptId) });

  done = (jobId: number, attemptId?: string) =>
    this.event('completed', jobId, {
      conclusion: attemptId ? 'success' : 'cancelled',
      ...(attemptId ? { runnerName: runnerNameOf(DEPLOYMENT, attemptId) } : {}),
    });

  terminated = (instanceId: string): Message => ({ kind: 'instance', instanceId, change: 'terminated' });

  async job(id: number | string): Promise<Job | undefined> {
    const [item] = await this.table.read([jobKey(String(id))]);
    return item && fromItem<Job>(item);
  }

  async attempt(id: string): Promise<Attempt | undefined> {
    const [item] = await this.table.read([attemptKey(id)]);
    return item && fromItem<Attempt>(item);
  }

  async launchRecord(id: string): Promise<Launch | undefined> {
    const [item] = await this.table.read([launchKey(id)]);
    return item && fromItem<Launch>(item);
  }

  /** Everything that is still open, as sort keys of its markers. */
  async open(): Promise<string[]> {
    return (await this.table.query('open')).items.filter(isMarker).map((item) => item.sk);
  }

  async live(pool = 'linux'): Promise<number> {
    const [item] = await this.table.read([liveKey(pool)]);
    return (item?.live as number | undefined) ?? 0;
  }

  async mail(attemptId: string): Promise<boolean> {
    const attempt = await this.attempt(attemptId);
    if (!attempt?.instanceId) return false;
    const rows = await this.mailbox.read([userIdOf('AROATEST', attempt.instanceId)]);
    return rows.some((row) => row.given);
  }
}

export const world = (pools?: readonly Pool[], capacity?: LocalFleetOptions['capacity']) =>
  new World(pools, capacity).withRunnerPackage();

/** 1 to `count`. */
export const range = (count: number) => Array.from({ length: count }, (_, position) => position + 1);
