/** Remembers for minutes which choices (type, subnet, market) EC2 had no capacity for, so that launches leave them out. */
import type { Ledger } from './ledger.ts';
import { limits } from './limits.ts';
import { overridesOf } from './overrides.ts';
import { capacityKey } from './records.ts';
import type { FleetShape, Market, Override } from './types.ts';

/** Choice -> until when it is left out. */
type Memory = Readonly<Record<string, number>>;

const nameOf = ({ instanceType, subnetId }: Override) => `${instanceType}/${subnetId}`;

function memoryOf(ledger: Ledger, market: Market): Memory {
  const known = (ledger.note(capacityKey(market))?.until ?? {}) as Memory;
  return Object.fromEntries(Object.entries(known).filter(([, until]) => until > ledger.now));
}

export function noteExhausted(ledger: Ledger, market: Market, overrides: readonly Override[]): void {
  if (overrides.length === 0) return;
  const until = ledger.now + limits.capacityMemoryMs;
  const fresh = Object.fromEntries(overrides.map((one) => [nameOf(one), until]));
  const expiresAt = Math.ceil(until / 1000);
  ledger.setNote(capacityKey(market), { until: { ...memoryOf(ledger, market), ...fresh }, expiresAt });
}

export type FleetChoice =
  | { readonly kind: 'ok'; readonly fleet: FleetShape }
  /** None is left before `until`. */
  | { readonly kind: 'none'; readonly until: number };

/** The shape without what is exhausted. */
export function availableFleet(ledger: Ledger, market: Market, fleet: FleetShape): FleetChoice {
  const memory = memoryOf(ledger, market);
  const overrides = overridesOf(fleet);
  const exhausted = overrides.filter((one) => memory[nameOf(one)] !== undefined);
  if (exhausted.length === 0) return { kind: 'ok', fleet };
  if (exhausted.length < overrides.length) return { kind: 'ok', fleet: { ...fleet, exhausted } };
  return { kind: 'none', until: Math.min(...exhausted.map((one) => memory[nameOf(one)] as number)) };
}
