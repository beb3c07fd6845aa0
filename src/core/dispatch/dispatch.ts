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
  if (message.kind !== 'instance' && !deps.pools.has(message.pool)) return 'message-unknown-pool';
  return undefined;
}

/** Together, because that is one transaction; alone, when one of them spoils it for the others. */
async function handleEvents(deps: DispatchDeps, events: readonly Parsed<EventMessage>[]): Promise<readonly Failure[]> {
  if (events.length === 0) return [];
  const applied = await tryApply(deps, events);
  if (applied.kind === 'ok') return follow(deps, events, applied.result, applied.known);
  if (events.length === 1) return events.map(({ messageId }) => ({ messageId, reason: applied.reason }));
  const failures: Failure[] = [];
  for (const event of events) failures.push(...(await handleEvents(deps, [event])));
  return failures;
}

/** A bug that one message sets off must not take the batch along: it fails, alone, into the dead-letter queue. */
async function tryApply(deps: DispatchDeps, events: readonly Parsed<EventMessage>[]) {
  try {
    return await applyEvents(
      deps,
      events.map(({ message }) => message),
    );
  } catch (error) {
    deps.log({ event: 'bug', error: String(error), messages: events.length });
    return { kind: 'failed', reason: 'message-malformed' } as const;
  }
}

async function follow(
  deps: DispatchDeps,
  events: readonly Parsed<EventMessage>[],
  applied: Applied,
  known: Ledger,
): Promise<readonly Failure[]> {
  const [unrecorded] = await Promise.all([
    Promise.all(applied.followUps.map((work) => followUp(deps, work, known))),
    ...applied.orphans.map((attempt) => deleteRunner(deps, attempt)),
    ...applied.stopped.map((instanceId) => deps.fleet.terminate(instanceId)),
  ]);
  const jobs = new Set(unrecorded.flat());
  return events
    .filter(({ message }) => message.kind === 'job' && jobs.has(message.jobId))
    .map(({ messageId }) => ({ messageId, reason: 'table-unavailable' }));
}

async function handleWake(deps: DispatchDeps, { messageId, message }: Parsed<WakeMessage>): Promise<Failure[]> {
  const pool = deps.pools.get(message.pool) as Pool;
  const woken = await wakePool(deps, pool, message.installationId);
  if (woken.kind === 'failed') return [{ messageId, reason: woken.reason }];
  const unrecorded = await followUp(deps, woken.result, woken.known);
  return unrecorded.length > 0 ? [{ messageId, reason: 'table-unavailable' }] : [];
}
