/**
 * A batch of the launch queue, message by message:
 *
 *   parse   what is not ours fails, and ends in the dead-letter queue
 *   apply   all events in one change (read, fold, plan, one transaction); one by one where that can't be stored
 *   follow  launches are sent, JIT configs made, runners of dead instances deleted
 *   wake    pools that had to wait are planned from the table
 *
 * A message is acknowledged once its effect is stored: from then on the job is the table's. It fails, and is repeated,
 * where not. Every step may be repeated.
 */
import type { DispatchFault } from '../codes.ts';
import type { Ledger } from '../ledger.ts';
import { type Message, parseMessage, type WakeMessage } from '../messages.ts';
import type { Pool } from '../types.ts';
import { type Applied, applyEvents, type EventMessage } from './apply-events.ts';
import { deleteRunner } from './delete-runner.ts';
import type { DispatchDeps } from './deps.ts';
import { followUp } from './follow-up.ts';
import { recordBoots } from './record-boots.ts';
import { wakePool } from './wake-pool.ts';

export interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
}

export interface Failure {
  readonly messageId: string;
  readonly reason: DispatchFault;
}

interface Parsed<Kind extends Message = Message> {
  readonly messageId: string;
  readonly message: Kind;
}

/** Returns the messages to be repeated. All others are done with. */
export async function dispatch(deps: DispatchDeps, batch: readonly QueueMessage[]): Promise<readonly Failure[]> {
  const failures: Failure[] = [];
  const events: Parsed<EventMessage>[] = [];
  const wakes: Parsed<WakeMessage>[] = [];
  for (const { messageId, body } of batch) {
    const message = parseMessage(body);
    const fault = faultOf(deps, message);
    if (!message || fault) failures.push({ messageId, reason: fault ?? 'message-malformed' });
    else if (message.kind === 'wake') wakes.push({ messageId, message });
    else events.push({ messageId, message });
  }
  failures.push(...(await handleEvents(deps, events)));
  for (const wake of wakes) failures.push(...(await handleWake(deps, wake)));
  for (const failure of failures) deps.log({ event: 'message-failed', ...failure });
  return failures;
}

function faultOf(deps: DispatchDeps, message: Message | undefined): DispatchFault | undefined {
  if (!message) return 'message-malformed';
  const pool = message.kind === 'instance' ? undefined : message.pool;
  return pool === undefined || deps.pools.has(pool) ? undefined : 'message-unknown-pool';
}

/**
 * Together, because that is one transaction; alone, when one of them spoils it for the others. Where the table did not
 * answer, it may have stored the batch all the same: then all of it is repeated later, which picks up what was begun.
 */
async function handleEvents(deps: DispatchDeps, events: readonly Parsed<EventMessage>[]): Promise<readonly Failure[]> {
  if (events.length === 0) return [];
  const messages = events.map(({ message }) => message);
  const applied = await guard(deps, () => applyEvents(deps, messages));
  if (applied.kind === 'ok') return follow(deps, events, applied.result, applied.known);
  if (events.length === 1 || applied.reason === 'table-unavailable') return failAll(events, applied.reason);
  const failures: Failure[] = [];
  for (const event of events) failures.push(...(await handleEvents(deps, [event])));
  return failures;
}

const failAll = (events: readonly Parsed[], reason: DispatchFault): Failure[] =>
  events.map(({ messageId }) => ({ messageId, reason }));

/** A bug that one message sets off must not take the batch along: it fails, alone, into the dead-letter queue. */
async function guard<Result>(
  deps: DispatchDeps,
  work: () => Promise<Result>,
): Promise<Result | { readonly kind: 'failed'; readonly reason: 'internal-error' }> {
  try {
    return await work();
  } catch (error) {
    deps.log({ event: 'bug', error: (error as Error).stack ?? String(error) });
    return { kind: 'failed', reason: 'internal-error' };
  }
}

/** The messages are repeated, all of them, unless all that follows was done: repeating harms nothing, forgetting does. */
async function follow(
  deps: DispatchDeps,
  events: readonly Parsed<EventMessage>[],
  applied: Applied,
  known: Ledger,
): Promise<readonly Failure[]> {
  const done = await guard(deps, async () => {
    const [followed, terminated] = await Promise.all([
      Promise.all(applied.followUps.map((work) => followUp(deps, work, known))),
      Promise.all(applied.stopped.map((instanceId) => deps.fleet.terminate(instanceId))),
      Promise.all(applied.orphans.map((attempt) => deleteRunner(deps, attempt))),
      recordBoots(deps, applied.ended),
    ]);
    const isEnded = terminated.every((outcome) => outcome === 'ok' || outcome === 'not-ours');
    return isEnded && followed.every(Boolean) ? DONE : NOT_RECORDED;
  });
  return done.kind === 'ok' ? [] : failAll(events, done.reason);
}

const DONE = { kind: 'ok' } as const;
const NOT_RECORDED = { kind: 'failed', reason: 'table-unavailable' } as const;

async function handleWake(deps: DispatchDeps, wake: Parsed<WakeMessage>): Promise<readonly Failure[]> {
  const done = await guard(deps, async () => {
    const woken = await wakePool(deps, deps.pools.get(wake.message.pool) as Pool);
    if (woken.kind === 'failed') return woken;
    return (await followUp(deps, woken.result, woken.known)) ? DONE : NOT_RECORDED;
  });
  return done.kind === 'ok' ? [] : failAll([wake], done.reason);
}
