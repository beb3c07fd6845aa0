/** What both mailboxes share: the mark of a taken letter, and how to read what an instance wrote: it may be anything. */
import type { Mail, RunnerRef } from '../core/ports.ts';

/** `jit` of a row whose letter was taken. The boot script writes it (`:used` in the take). */
export const USED = 'used';
/** An instance may report this much; more is not read. */
export const MOST_BOOT_BYTES = 4_096;
const MOST_TAKEN_AT_LENGTH = 64;

/** A row of the table, its contents untrusted but for the key. */
export interface MailRow {
  readonly id: string;
  readonly jit?: unknown;
  readonly takenAt?: unknown;
  readonly boot?: unknown;
  readonly runner?: unknown;
}

/** What is not text, or too long, is left out. */
export function toMail(row: MailRow): Mail {
  return {
    id: row.id,
    given: row.jit !== undefined,
    taken: row.jit === USED,
    ...(row.runner === undefined ? {} : { runner: row.runner as RunnerRef }),
    ...(isShortText(row.takenAt, MOST_TAKEN_AT_LENGTH) ? { takenAt: row.takenAt } : {}),
    ...(isShortText(row.boot, MOST_BOOT_BYTES) ? { boot: row.boot } : {}),
  };
}

export const isShortText = (value: unknown, mostBytes: number): value is string =>
  typeof value === 'string' && Buffer.byteLength(value) <= mostBytes;
