/**
 * Random schedules: events late, twice and out of order, two dispatchers at once, crashes before any write. GitHub hands
 * any queued job to any runner that is up. Whatever happens, every job runs, once the faults stop, and nothing is left.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Message } from '../messages.ts';
import { aPool } from '../pool-test-support.ts';
import { range, type World, world } from './dispatch-test-support.ts';

type Move =
  /** Some pending event is handled; it may stay pending, and come again. */
  | { readonly kind: 'deliver'; readonly which: number; readonly again: boolean }
  /** Two at the same time. */
  | { readonly kind: 'race'; readonly which: number; readonly other: number }
  /** Some event is being handled when the function dies before its n-th write. */
  | { readonly kind: 'crash'; readonly which: number; readonly write: number }
  /** GitHub gives some queued job to some runner. */
  | { readonly kind: 'assign'; readonly job: number; readonly runner: number }
  | { readonly kind: 'finish'; readonly which: number }
  /** An instance dies before it took a job. */
  | { readonly kind: 'die'; readonly which: number }
  | { readonly kind: 'pass'; readonly seconds: number };

const number = fc.nat(30);
const moves: fc.Arbitrary<Move> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: number, again: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('race' as const), which: number, other: number }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), which: number, write: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('assign' as const), job: number, runner: number }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: number }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('die' as const), which: number }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 240 }) }),
  },
);

const VISIBILITY_MS = 180_000;

/** What GitHub and EC2 do, around a dispatcher. */
class Story {
  readonly pending: Message[] = [];
  readonly queued: number[];
  readonly running: { readonly job: number; readonly runner: string }[] = [];
  readonly done = new Set<number>();
  /** They come again after their visibility timeout at the earliest. */
  private readonly crashed = new Set<Message>();
  deaths = 0;
  private readonly w: World;

  constructor(w: World, jobs: number) {
    this.w = w;
    this.queued = range(jobs);
    this.pending.push(...this.queued.map((job) => w.event('queued', job)));
    w.jobs.statusOf = (id) => this.statusOf(Number(id));
  }

  private statusOf(job: number) {
    if (this.done.has(job)) return 'completed';
    return this.queued.includes(job) ? 'queued' : 'in_progress';
  }

  async play(move: Move): Promise<void> {
    if (move.kind === 'pass') await this.pass(move.seconds * 1_000);
    else if (move.kind === 'assign') await this.assign(move.job, move.runner);
    else if (move.kind === 'finish') await this.finish(move.which);
    else if (move.kind === 'die') await this.die(move.which);
    else if (this.pending.length > 0) await this.handle(move);
  }

  private async pass(ms: number): Promise<void> {
    await this.w.drain(ms);
    if (ms >= VISIBILITY_MS) this.crashed.clear();
  }

  private async handle(move: Move & { kind: 'deliver' | 'race' | 'crash' }): Promise<void> {
    const { w, pending } = this;
    const visible = pending.filter((message) => !this.crashed.has(message));
    if (visible.length === 0) return;
    const message = visible[move.which % visible.length] as Message;
    if (move.kind === 'race') {
      const other = visible[move.other % visible.length] as Message;
      const failed = await Promise.all([w.dispatch(message), w.dispatch(other)]);
      if (failed.flat().length === 0) this.acknowledge(message, other);
    } else if (move.kind === 'crash') {
      let writes = 0;
      w.beforeWrite = () => {
        writes += 1;
        if (writes === move.write) throw new Error('crash');
      };
      const failed = await w.dispatch(message).catch(() => ['crashed']);
      w.beforeWrite = () => {};
      if (failed.length === 0) this.acknowledge(message);
      else this.crashed.add(message);
    } else {
      const failed = await w.dispatch(message);
      if (failed.length === 0 && !move.again) this.acknowledge(message);
    }
  }

  private acknowledge(...messages: Message[]): void {
    for (const message of messages) {
      const position = this.pending.indexOf(message);
      if (position >= 0) this.pending.splice(position, 1);
    }
  }

  /** Runners whose instance lives, has its mail, and has no job. */
  private async idleRunners(): Promise<string[]> {
    const names = [...this.w.github.runners].filter(([, { busy }]) => !busy).map(([name]) => name);
    const idle: string[] = [];
    for (const name of names) {
      const attempt = await this.w.attempt(attemptOf(name));
      const isUp = attempt?.runnerName === name && (await this.w.mail(attempt.id)) && this.isAlive(attempt.instanceId);
      if (isUp) idle.push(name);
    }
    return idle;
  }

  private isAlive = (instanceId: string | undefined) =>
    this.w.fleet.instances().some(({ id, state }) => id === instanceId && state !== 'terminated');

  async assign(job: number, runner: number): Promise<boolean> {
    const idle = await this.idleRunners();
    if (this.queued.length === 0 || idle.length === 0) return false;
    const [taken] = this.queued.splice(job % this.queued.length, 1) as [number];
    const name = idle[runner % idle.length] as string;
    (this.w.github.runners.get(name) as { busy: boolean }).busy = true;
    this.running.push({ job: taken, runner: name });
    this.pending.push(this.w.event('in_progress', taken, { runnerName: name }));
    return true;
  }

  async finish(which: number): Promise<boolean> {
    if (this.running.length === 0) return false;
    const [{ job, runner }] = this.running.splice(which % this.running.length, 1) as [{ job: number; runner: string }];
    this.done.add(job);
    this.w.github.runners.delete(runner);
    this.pending.push(this.w.event('completed', job, { runnerName: runner, conclusion: 'success' }));
    const attempt = await this.w.attempt(attemptOf(runner));
    this.end(attempt?.instanceId as string);
    return true;
  }

  private async die(which: number): Promise<void> {
    const busy = new Set<string | undefined>();
    for (const { runner } of this.running) busy.add((await this.w.attempt(attemptOf(runner)))?.instanceId);
    const idle = this.w.fleet.instances().filter(({ id, state }) => state !== 'terminated' && !busy.has(id));
    const [victim] = idle.slice(which % Math.max(1, idle.length));
    // One whose launch was never recorded is found by the reconciler alone.
    if (!victim || !(await this.isBound(victim.id))) return;
    this.deaths += 1;
    this.end(victim.id);
  }

  private async isBound(instanceId: string): Promise<boolean> {
    const [item] = await this.w.table.read([{ pk: `instance#${instanceId}`, sk: '-' }]);
    return item !== undefined;
  }

  private end(instanceId: string): void {
    this.w.fleet.instanceEnded(instanceId, 'ended');
    this.pending.push(this.w.terminated(instanceId));
  }

  /** The faults are over: all events come, GitHub hands out what it can, time passes. */
  async heal(): Promise<void> {
    await this.pass(VISIBILITY_MS);
    for (let round = 0; round < 40; round++) {
      for (const message of [...this.pending]) {
        if ((await this.w.dispatch(message)).length === 0) this.acknowledge(message);
      }
      while (await this.assign(0, 0));
      while (await this.finish(0));
      await this.w.drain(4 * 60_000);
      for (const { id, state } of this.w.fleet.instances())
        if (state === 'terminated' && !(await this.isReported(id))) this.pending.push(this.w.terminated(id));
    }
  }

  /** An instance that we terminated: EC2 tells of it once. */
  private readonly reported = new Set<string>();
  private async isReported(id: string): Promise<boolean> {
    const was = this.reported.has(id);
    this.reported.add(id);
    return was;
  }
}

const attemptOf = (runner: string) => runner.replace(/^mf-test-/, '').replace(/-r\d$/, '');

test('every job runs, no capacity is lost, nothing is left', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(moves, { maxLength: 60 }),
      async (jobs, maxRunners, script) => {
        const w = await world([aPool({ maxRunners })]);
        const story = new Story(w, jobs);
        for (const move of script) {
          await story.play(move);
          const alive = w.fleet.instances().filter(({ state }) => state !== 'terminated').length;
          expect(alive).toBeLessThanOrEqual(maxRunners);
          expect(await w.live()).toBeGreaterThanOrEqual(alive);
        }
        await story.heal();
        expect([...story.done].sort()).toEqual(range(jobs));
        expect(story.pending).toEqual([]);
        expect({ open: await w.open(), live: await w.live(), runners: [...w.github.runners.keys()] }).toEqual({
          open: [],
          live: 0,
          runners: [],
        });
        expect(w.fleet.instances().every(({ state }) => state === 'terminated')).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
}, 60_000);
