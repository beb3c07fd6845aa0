/** What goes wrong, or is repaired, without a job's timeline showing it: as a line for whoever watches. */
import { CODES, type ReconcileFault } from '../core/codes.ts';
import type { LogEvent, WorldEvent } from './world.ts';

export function showTrouble(event: WorldEvent): string | undefined {
  if (event.source === 'dispatch' || event.source === 'reconciler') return ofLog(event);
  if (event.source === 'github' && event.event.kind === 'delivery-sent') {
    const { delivery, statusCode } = event.event;
    if (statusCode === 0) return `webhook: GitHub could not deliver ${delivery.guid}`;
    return statusCode >= 300 ? `webhook: GitHub got ${statusCode} for ${delivery.guid}` : undefined;
  }
  if (event.source !== 'instance') return undefined;
  const { event: what } = event;
  if (what.kind === 'denied') return `${what.instanceId}: denied, ${what.code} ${what.detail}`;
  const isBad = what.kind === 'boot-reported' && !/"code":"(done|listening|idle|no-job)"/.test(what.boot);
  return isBad ? `${what.instanceId}: its boot ended with ${what.boot}` : undefined;
}

const TROUBLE = new Set(['bug', 'crash', 'message-failed', 'register-failed', 'wake-not-sent']);
const REPAIRS = new Set(['redeliver', 'alarm', 'give-up-launch']);

function ofLog({ source, entry }: LogEvent): string | undefined {
  const isRepair = source === 'reconciler' && (REPAIRS.has(entry.event) || isLateEnd(entry));
  return TROUBLE.has(entry.event) || isRepair ? `${source}: ${describe(entry)}` : undefined;
}

function describe({ event, fault, ...fields }: LogEvent['entry']): string {
  const code = fault === undefined ? undefined : CODES[fault as ReconcileFault];
  const detail = Object.entries(fields).map(([name, value]) => `${name} ${value}`);
  return `${code ? `${code.code} ${code.says}` : `${event}:`} ${detail.join(', ')}`;
}

/** A runner that no job needs ends in every rehearsal. */
const isLateEnd = ({ event, why }: LogEvent['entry']) => event === 'end-attempt' && why !== 'spare';
