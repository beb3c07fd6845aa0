/** Reads all that a decision needs: records, instances, runners, mailbox rows. Bounded by what is open. */
import { isClosedAttempt } from '../attempt-machine.ts';
import { limits } from '../limits.ts';
import { attemptIdOfRunner, userIdOf } from '../names.ts';
import type { GitHubFailure, Instance, Item, Key, Mail, Runner } from '../ports.ts';
import { attemptKey, fromItem, instanceKey, launchKey, liveKey, recordKey } from '../records.ts';
import type { Attempt, Job, Launch, Scope } from '../types.ts';
import type { ReconcileDeps } from './deps.ts';
import type { Open } from './read-open.ts';
import { placeOf, Snapshot, type Unbound } from './snapshot.ts';
import { isSearchTurn } from './sweep.ts';

export interface Observed {
  readonly snapshot: Snapshot;
  /** GitHub points that it took. */
  readonly points: number;
  /** Pages of all lists of runners. 0: none was read. */
  readonly pages: number;
}

const BATCH = 100;
const BATCHES_AT_ONCE = 10;

const chunksOf = (keys: readonly Key[]) =>
  Array.from({ length: Math.ceil(keys.length / BATCH) }, (_, at) => keys.slice(at * BATCH, (at + 1) * BATCH));

export async function observe(deps: ReconcileDeps, open: Open): Promise<Observed | 'unavailable'> {
  const [records, lists, instances] = await Promise.all([
    readRecords(deps, open),
    listRunners(deps, open),
    deps.fleet.list(),
  ]);
  if (records === 'unavailable') return records;
  const listed = typeof instances === 'string' ? undefined : instances;
  const [unbound, past, mail] = await Promise.all([
    readUnbound(deps, listed ?? [], records.attempts),
    readPast(deps, lists.runners, records.attempts),
    readMail(deps, records.attempts),
  ]);
  if (unbound === 'unavailable' || past === 'unavailable') return 'unavailable';
  const { deploymentId, pools, allowedForeignRunners } = deps;
  const snapshot = new Snapshot({
    ...{ now: deps.clock(), deploymentId, pools, allowedForeignRunners, ...records },
    ...{ markers: open.markers, instances: listed, unbound, past, mail },
    ...{ runners: lists.runners, failures: lists.failures },
  });
  return { snapshot, points: lists.points, pages: lists.pages };
}

/** In order of the keys; absent ones left out. */
async function readAll(deps: ReconcileDeps, keys: readonly Key[]): Promise<readonly Item[] | 'unavailable'> {
  const items: Item[] = [];
  for (let at = 0; at < keys.length; at += BATCH * BATCHES_AT_ONCE) {
    const chunks = chunksOf(keys.slice(at, at + BATCH * BATCHES_AT_ONCE));
    for (const page of await Promise.all(chunks.map((some) => deps.table.read(some)))) {
      if (page === 'unavailable') return page;
      items.push(...page.filter((item) => item !== undefined));
    }
  }
  return items;
}

async function readRecords(deps: ReconcileDeps, { markers }: Open) {
  const live = [...deps.pools.keys()].map(liveKey);
  const items = await readAll(deps, [...live, ...markers.map(({ kind, id }) => recordKey(kind, id))]);
  if (items === 'unavailable') return items;
  const of = <Kind extends Job | Attempt | Launch>(prefix: string) =>
    items.filter(({ pk }) => pk.startsWith(prefix)).map((item) => fromItem<Kind>(item));
  const counts = items.filter(({ sk }) => sk === 'live').map(({ pk, live: count }) => [pk.slice(5), count as number]);
  return {
    jobs: of<Job>('job#'),
    attempts: of<Attempt>('attempt#'),
    launches: of<Launch>('launch#'),
    live: new Map(counts as [string, number][]),
  };
}

interface Lists {
  readonly runners: ReadonlyMap<string, readonly Runner[]>;
  readonly failures: readonly GitHubFailure[];
  readonly points: number;
  readonly pages: number;
}

/** The longer the list, the more seldom: what is asked by id in between is enough for suspects. */
async function listRunners(deps: ReconcileDeps, { watch }: Open): Promise<Lists> {
  const runners = new Map<string, readonly Runner[]>();
  const failures: GitHubFailure[] = [];
  const sum = { points: 0, pages: 0 };
  const now = deps.clock();
  const isPassedOver = watch.runnerPages > limits.shortListPages && isSearchTurn(watch, now);
  const isDue =
    !isPassedOver && now - watch.listedAt >= watch.runnerPages * limits.listMsPerPage - limits.reconcileMs / 2;
  const places = new Map<string, Scope>();
  for (const { scope } of isDue ? deps.pools.values() : []) places.set(placeOf(scope), scope);
  await Promise.all(
    [...places].map(async ([place, scope]) => {
      const listed = await deps.github.listRunners(deps.installationId, scope);
      sum.points += listed.kind === 'ok' ? listed.pages : 1;
      if (listed.kind !== 'ok') return failures.push(listed);
      sum.pages += listed.pages;
      return runners.set(place, listed.runners);
    }),
  );
  return { runners, failures, ...sum };
}

/** Launch first, instance second: who closes a launch binds its instances in the same transaction. */
async function readUnbound(
  deps: ReconcileDeps,
  instances: readonly Instance[],
  attempts: readonly Attempt[],
): Promise<readonly Unbound[] | 'unavailable'> {
  const live = attempts.filter(({ state }) => !isClosedAttempt(state));
  const bound = new Set(live.map(({ instanceId }) => instanceId));
  const others = instances.filter(({ id, state }) => state !== 'terminated' && !bound.has(id));
  const launchIds = [...new Set(others.map(({ launchId }) => launchId))].filter((id) => id !== '');
  const launches = await readAll(deps, launchIds.map(launchKey));
  const notes = await readAll(
    deps,
    others.map(({ id }) => instanceKey(id)),
  );
  if (launches === 'unavailable' || notes === 'unavailable') return 'unavailable';
  const attemptIds = new Map(notes.map(({ pk, attemptId }) => [pk, attemptId as string | undefined]));
  const closed = await readAll(
    deps,
    [...new Set(attemptIds.values())].flatMap((id) => (id ? attemptKey(id) : [])),
  );
  if (closed === 'unavailable') return closed;
  const launchOf = new Map(launches.map((item) => [fromItem<Launch>(item).id, fromItem<Launch>(item)]));
  const attemptOf = new Map(closed.map((item) => [fromItem<Attempt>(item).id, fromItem<Attempt>(item)]));
  return others.map((instance) => ({
    instance,
    launch: launchOf.get(instance.launchId),
    attempt: attemptOf.get(attemptIds.get(instanceKey(instance.id).pk) ?? ''),
  }));
}

/** Attempts that runners of ours are named after, and that are not open any more. */
async function readPast(
  deps: ReconcileDeps,
  runners: ReadonlyMap<string, readonly Runner[]>,
  attempts: readonly Attempt[],
): Promise<ReadonlyMap<string, Attempt> | 'unavailable'> {
  const open = new Set(attempts.map(({ id }) => id));
  const ids = [...runners.values()].flat().map(({ name }) => attemptIdOfRunner(deps.deploymentId, name));
  const past = [...new Set(ids)].filter((id) => id !== undefined && !open.has(id)) as string[];
  const items = await readAll(deps, past.map(attemptKey));
  if (items === 'unavailable') return items;
  return new Map(items.map((item) => [fromItem<Attempt>(item).id, fromItem<Attempt>(item)]));
}

/** Of attempts whose runner was not seen yet. Rows are untrusted, and progress is all that they say. */
async function readMail(deps: ReconcileDeps, attempts: readonly Attempt[]): Promise<ReadonlyMap<string, Mail>> {
  const booting = attempts.filter(({ state }) => state === 'LAUNCHED' || state === 'REGISTERED' || state === 'TAKEN');
  const byUser = new Map<string, string>();
  for (const { id, pool, instanceId } of booting) {
    const roleId = deps.pools.get(pool)?.roleId;
    if (roleId && instanceId) byUser.set(userIdOf(roleId, instanceId), id);
  }
  const users = [...byUser.keys()];
  const mail = new Map<string, Mail>();
  for (let at = 0; at < users.length; at += BATCH) {
    const rows = await deps.mailbox.read(users.slice(at, at + BATCH));
    if (rows === 'unavailable') continue;
    for (const row of rows) mail.set(byUser.get(row.id) as string, row);
  }
  return mail;
}
