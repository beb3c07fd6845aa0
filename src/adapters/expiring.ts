/** A value that is read once and used for a while: what a warm function keeps. */
import type { Clock } from '../core/ports.ts';

export interface ExpiringOptions<Value> {
  readonly read: () => Promise<Value>;
  /** How long a value that was read is used. */
  readonly lifeMs: number;
  readonly clock: Clock;
}

export interface Expiring<Value> {
  /** Callers at the same time share one read. When that fails, the value before is given once more, if there is one. */
  get(): Promise<Value>;
  /** Reads now. When that fails, what was kept stays. */
  refresh(): Promise<Value>;
  /** What was read last, whatever its age. */
  last(): Value | undefined;
}

/** A failure is never kept: the next call reads again. */
export function expiring<Value>({ read, lifeMs, clock }: ExpiringOptions<Value>): Expiring<Value> {
  let kept: { readonly value: Value; readonly at: number } | undefined;
  let underWay: Promise<Value> | undefined;

  async function start(): Promise<Value> {
    const value = await read();
    kept = { value, at: clock() };
    return value;
  }

  function refresh(): Promise<Value> {
    underWay ??= start().finally(() => {
      underWay = undefined;
    });
    return underWay;
  }

  return {
    async get() {
      if (kept && clock() - kept.at < lifeMs) return kept.value;
      const before = kept;
      try {
        return await refresh();
      } catch (error) {
        if (before) return before.value;
        throw error;
      }
    },
    refresh,
    last: () => kept?.value,
  };
}
