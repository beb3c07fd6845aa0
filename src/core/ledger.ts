/**
 * A unit of work: records as they were read, what a decision makes of them, and the one transaction that stores it.
 * Pure: `change.ts` reads and writes.
 */
import { limits } from './limits.ts';
import type { Item, Key, Write } from './ports.ts';
import {
  type AnyRecord,
  attemptKey,
  fromItem,
  hourOf,
  instanceKey,
  keyText,
  launchesKey,
  liveKey,
  minuteOf,
  paceKey,
  pointsKey,
  type RecordKind,
  recordKey,
  runnerKey,
  wakeKey,
  writesOf,
} from './records.ts';
import type { Attempt, Job, Launch, Platform, Pool } from './types.ts';

/** A decision needed something that was not read: a bug of whoever listed the keys. */
export class NotLoaded extends Error {
  override readonly name = 'NotLoaded';
}

export interface RunnerPackage {
  readonly key: string;
  readonly sha256: string;
  readonly version: string;
}

export class Ledger {
  readonly now: number;
  readonly isKnown: boolean;
  private readonly items = new Map<string, Item | undefined>();
  private readonly changed = new Map<string, { readonly kind: RecordKind; readonly record: AnyRecord }>();
  private readonly live = new Map<string, number>();
  private readonly launched = new Map<string, number>();
  private readonly spent = new Map<number, number>();
  private readonly overspent = new Map<number, number>();
  private readonly others = new Map<string, Write>();

  /** `isKnown`: taken over from the change before, and perhaps outdated. */
  constructor(now: number, isKnown = false) {
    this.now = now;
    this.isKnown = isKnown;
  }

  /** The same records at a later time, with nothing decided. */
  fork(now: number): Ledger {
    const ledger = new Ledger(now, true);
    for (const [key, item] of this.items) ledger.items.set(key, item);
    return ledger;
  }

  /** The records as they are after these writes of its own. */
  stored(writes: readonly Write[]): Ledger {
    const ledger = this.fork(this.now);
    for (const write of writes) {
      if (write.kind === 'put') ledger.put(write.item, write.item);
      else if (write.kind === 'delete') ledger.put(write.key, undefined);
      else ledger.put(write.key, addTo(ledger.items.get(keyText(write.key)), write));
    }
    return ledger;
  }

  // ------------------------------------------------------------------------------------------------ what was read

  put(key: Key, item: Item | undefined): void {
    this.items.set(keyText(key), item);
  }

  /** Of these keys, the ones not read yet; each once. */
  missing(keys: readonly Key[]): Key[] {
    const fresh = keys.filter((key) => !this.items.has(keyText(key)));
    return [...new Map(fresh.map((key) => [keyText(key), key])).values()];
  }

  /** Keys that the records read so far point to: a job's attempt, an attempt's job, an instance's attempt. */
  references(): Key[] {
    const keys: Key[] = [];
    for (const [text, item] of this.items) {
      if (!item) continue;
      if (text.startsWith('job#')) keys.push(...jobReferences(fromItem<Job>(item)));
      else if (text.startsWith('attempt#')) keys.push(...attemptReferences(fromItem<Attempt>(item)));
      else if (text.startsWith('launch#')) keys.push(...fromItem<Launch>(item).attemptIds.map(attemptKey));
      else if (text.startsWith('instance#') && item.attemptId) keys.push(attemptKey(item.attemptId as string));
    }
    return keys;
  }

  private item(key: Key): Item | undefined {
    const text = keyText(key);
    if (!this.items.has(text)) throw new NotLoaded(text);
    return this.items.get(text);
  }

  private record<Kind extends AnyRecord>(kind: RecordKind, id: string): Kind | undefined {
    const key = recordKey(kind, id);
    const changed = this.changed.get(keyText(key));
    if (changed) return changed.record as Kind;
    const item = this.item(key);
    return item && fromItem<Kind>(item);
  }

  job = (id: string) => this.record<Job>('job', id);
  attempt = (id: string) => this.record<Attempt>('attempt', id);
  launch = (id: string) => this.record<Launch>('launch', id);

  /** All records of a kind that were read or decided, as they are now. */
  private all<Kind extends AnyRecord>(kind: RecordKind): Kind[] {
    const prefix = recordKey(kind, '').pk;
    const records: Kind[] = [];
    for (const [key, item] of this.items)
      if (item && key.startsWith(prefix) && !this.changed.has(key)) records.push(fromItem<Kind>(item));
    for (const [, decided] of this.changed) if (decided.kind === kind) records.push(decided.record as Kind);
    return records;
  }

  jobs = () => this.all<Job>('job');
  attempts = () => this.all<Attempt>('attempt');
  launches = () => this.all<Launch>('launch');

  attemptOfInstance(instanceId: string): Attempt | undefined {
    const attemptId = this.item(instanceKey(instanceId))?.attemptId as string | undefined;
    return attemptId === undefined ? undefined : this.attempt(attemptId);
  }

  runnerPackage(platform: Platform): RunnerPackage | undefined {
    return this.item(runnerKey(platform)) as unknown as RunnerPackage | undefined;
  }

  /** Instances that the pool may still launch. */
  freeCapacity(pool: Pool): number {
    const live = (this.item(liveKey(pool.name))?.live as number | undefined) ?? 0;
    return Math.max(0, pool.maxRunners - live - (this.live.get(pool.name) ?? 0));
  }

  /** Instances that the pool may still launch in this hour, however fast they end. */
  freeLaunches({ name, maxRunners }: Pool): number {
    const launched = (this.item(launchesKey(name, hourOf(this.now)))?.launched as number | undefined) ?? 0;
    return Math.max(0, maxRunners * limits.launchesPerRunnerAndHour - launched - (this.launched.get(name) ?? 0));
  }

  /** GitHub points that may still be spent in this minute. */
  freePoints(installationId: number): number {
    return Math.max(0, this.budget(installationId) - this.pointsSpent(installationId));
  }

  private pointsSpent(installationId: number): number {
    const spent = this.item(pointsKey(installationId, this.minute()))?.points as number | undefined;
    return (spent ?? 0) + (this.spent.get(installationId) ?? 0);
  }

  private budget(installationId: number): number {
    const pace = this.item(paceKey(installationId));
    return pace && this.now < (pace.until as number) ? (pace.budget as number) : limits.pointsPerMinute;
  }

  private minute = () => minuteOf(this.now);

  // -------------------------------------------------------------------------------------------- what is decided

  /** A new reason to wait joins its history. */
  setJob = (job: Job) => this.set('job', withHistory(this.readJob(job.id), job, this.now));
  setAttempt = (attempt: Attempt) => this.set('attempt', attempt);
  setLaunch = (launch: Launch) => this.set('launch', launch);

  private readJob(id: string): Job | undefined {
    const item = this.items.get(keyText(recordKey('job', id)));
    return item && fromItem<Job>(item);
  }

  private set(kind: RecordKind, record: AnyRecord): void {
    this.changed.set(keyText(recordKey(kind, record.id)), { kind, record });
  }

  /** Refused by the table when EC2 said before that the instance is gone: then the decision is made anew. */
  bindInstance(instanceId: string, attemptId: string): void {
    this.putInstance(instanceId, { ...this.items.get(keyText(instanceKey(instanceId))), attemptId });
  }

  /** EC2 says that the instance is gone. If nobody knows it, it may be bound to an attempt only now: see above. */
  noteGone(instanceId: string): void {
    const known = this.item(instanceKey(instanceId));
    // Should EC2 have told wrong, it must still be known whose it is.
    const ttlMs = known?.attemptId === undefined ? limits.goneInstanceTtlMs : limits.closedAttemptTtlMs;
    this.putInstance(instanceId, { ...known, goneAt: this.now, expiresAt: Math.ceil((this.now + ttlMs) / 1000) });
  }

  /** As far as it was read. */
  isKnownGone(instanceId: string): boolean {
    return this.items.get(keyText(instanceKey(instanceId)))?.goneAt !== undefined;
  }

  private putInstance(instanceId: string, attributes: object): void {
    const key = instanceKey(instanceId);
    const seen = this.items.get(keyText(key))?.v ?? 0;
    this.others.set(keyText(key), { kind: 'put', item: { ...attributes, ...key, v: seen + 1 }, ifVersion: seen });
  }

  /** A record that is neither job, attempt nor launch: as it was read, or as it was decided since. */
  note(key: Key): Item | undefined {
    const decided = this.others.get(keyText(key));
    return decided?.kind === 'put' ? decided.item : this.item(key);
  }

  setNote(key: Key, attributes: object): void {
    const seen = this.item(key)?.v ?? 0;
    this.others.set(keyText(key), { kind: 'put', item: { ...attributes, ...key, v: seen + 1 }, ifVersion: seen });
  }

  /** Reserves (or with a negative number frees) capacity of a pool. */
  reserve(pool: string, count: number): void {
    this.live.set(pool, (this.live.get(pool) ?? 0) + count);
  }

  countLaunches(pool: string, count: number): void {
    this.launched.set(pool, (this.launched.get(pool) ?? 0) + count);
  }

  spend(installationId: number, points: number): void {
    this.spent.set(installationId, (this.spent.get(installationId) ?? 0) + points);
  }

  /** Points for what must be done all the same: they count, but no budget refuses them. */
  overspend(installationId: number, points: number): void {
    this.overspent.set(installationId, (this.overspent.get(installationId) ?? 0) + points);
    this.spend(installationId, points);
  }

  /** GitHub throttled us: half the budget until then. */
  slowDown(installationId: number, untilMs: number): void {
    const pace = this.note(paceKey(installationId));
    const isSlow = pace !== undefined && this.now < (pace.until as number);
    // Many calls are throttled at once: that is one reason to slow down, not many.
    const budget = isSlow ? (pace.budget as number) : Math.floor(limits.pointsPerMinute / 2);
    const until = Math.max(untilMs, isSlow ? (pace.until as number) : 0);
    this.setNote(paceKey(installationId), { budget, until, expiresAt: Math.ceil(until / 1000) });
  }

  /** When the wake of the pool is due that was noted last. Noted with the decision, sent after it: it may be lost. */
  private wakeDueAt(pool: string): number | undefined {
    return this.item(wakeKey(pool))?.at as number | undefined;
  }

  /** A wake message is under way: something of the pool had to wait. */
  isWakeDue(pool: string): boolean {
    return (this.wakeDueAt(pool) ?? 0) > this.now;
  }

  /** A wake should have come long ago: whoever noted it died before sending it. */
  isWakeOverdue(pool: string): boolean {
    return this.now - (this.wakeDueAt(pool) ?? this.now) > limits.wakeGraceMs;
  }

  /** Whether a wake message for the pool must be sent: none is due between now and `at`. Notes it as due then. */
  claimWake(pool: string, at: number): boolean {
    if (this.isWakeDue(pool) && (this.wakeDueAt(pool) as number) <= at) return false;
    this.noteWake(pool, at);
    return true;
  }

  /** The wake that was noted could not be sent: whoever comes next finds it overdue. */
  missWake(pool: string): void {
    this.noteWake(pool, this.now - limits.wakeGraceMs);
  }

  private noteWake(pool: string, at: number): void {
    this.setNote(wakeKey(pool), { at });
  }

  /** The wake has come. */
  clearWake(pool: string): void {
    const key = wakeKey(pool);
    const before = this.item(key);
    // One that came early, or twice, leaves the note of the one that is still to come.
    if (before && !this.isWakeDue(pool)) this.others.set(keyText(key), { kind: 'delete', key, ifVersion: before.v });
  }

  // ------------------------------------------------------------------------------------------------ what is written

  /** One transaction. `maxRunnersOf` bounds the capacity counters, which others change at the same time. */
  writes(maxRunnersOf: (pool: string) => number): Write[] {
    return [
      ...[...this.changed].flatMap(([key, { kind, record }]) => this.recordWrites(key, kind, record)),
      ...[...this.live].flatMap(([pool, amount]) => counterWrite(liveKey(pool), 'live', amount, maxRunnersOf(pool))),
      ...[...this.launched].flatMap(([pool, amount]) => this.launchesWrite(pool, amount, maxRunnersOf(pool))),
      ...[...this.spent].flatMap(([installationId, amount]) => this.pointsWrite(installationId, amount)),
      ...this.others.values(),
    ];
  }

  private recordWrites(key: string, kind: RecordKind, record: AnyRecord): Write[] {
    const item = this.items.get(key);
    return writesOf(kind, item && fromItem(item), record, this.now);
  }

  private launchesWrite(pool: string, amount: number, maxRunners: number): Write[] {
    const expiresAt = Math.ceil((this.now + limits.launchCountTtlMs) / 1000);
    const most = maxRunners * limits.launchesPerRunnerAndHour;
    return counterWrite(launchesKey(pool, hourOf(this.now)), 'launched', amount, most, expiresAt);
  }

  private pointsWrite(installationId: number, amount: number): Write[] {
    const expiresAt = Math.ceil((this.now + limits.pointsTtlMs) / 1000);
    const key = pointsKey(installationId, this.minute());
    const forced = this.overspent.get(installationId) ?? 0;
    const limit = forced === amount ? undefined : this.budget(installationId) + forced;
    return counterWrite(key, 'points', amount, limit, expiresAt);
  }
}

/** How many reasons of a job are kept: the last ones. */
const HISTORY = 20;

function withHistory(before: Job | undefined, job: Job, now: number): Job {
  const past = before?.history ?? [];
  const { reason, attemptId } = job;
  if (reason === undefined || reason === before?.reason) return past.length > 0 ? { ...job, history: past } : job;
  return { ...job, history: [...past, { at: now, reason, attemptId }].slice(-HISTORY) };
}

/** Freeing is never refused; reserving is, beyond the limit. */
function counterWrite(key: Key, attribute: string, amount: number, limit?: number, expiresAt?: number): Write[] {
  if (amount === 0) return [];
  return [
    { kind: 'add', key, attribute, amount, expiresAt, ...(amount > 0 && limit !== undefined ? { atMost: limit } : {}) },
  ];
}

const jobReferences = (job: Job) => (job.attemptId ? [attemptKey(job.attemptId)] : []);

function attemptReferences(attempt: Attempt): Key[] {
  const keys: Key[] = [];
  if (attempt.jobId) keys.push(recordKey('job', attempt.jobId));
  if (attempt.state === 'INTENT') keys.push(recordKey('launch', attempt.launchId));
  return keys;
}

function addTo(item: Item | undefined, write: Write & { kind: 'add' }): Item {
  const before = (item?.[write.attribute] as number | undefined) ?? 0;
  return { v: 0, ...item, ...write.key, [write.attribute]: before + write.amount };
}
