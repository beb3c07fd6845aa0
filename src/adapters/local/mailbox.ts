/** The mailbox table in memory, and the two calls that an instance makes to its own row of it. */
import type { Mail, Mailbox, RunnerRef } from '../../core/ports.ts';
import { isShortText, MOST_BOOT_BYTES, toMail, USED } from '../mail.ts';

interface Row {
  readonly id: string;
  jit?: string;
  takenAt?: string;
  boot?: string;
  expiresAt?: number;
  runner?: RunnerRef;
}

export class LocalMailbox implements Mailbox {
  readonly #rows = new Map<string, Row>();

  async give(userId: string, letter: string, expiresAt: number, runner: RunnerRef): Promise<'given' | 'already'> {
    const row = this.#row(userId);
    if (row.jit !== undefined) return 'already';
    row.jit = letter;
    row.expiresAt = expiresAt;
    row.runner = { ...runner };
    return 'given';
  }

  async read(userIds: readonly string[]): Promise<readonly Mail[]> {
    return userIds.flatMap((id) => {
      const row = this.#rows.get(id);
      return row === undefined ? [] : [toMail(row)];
    });
  }

  async close(userId: string, expiresAt: number): Promise<'closed' | 'already'> {
    const row = this.#row(userId);
    if (row.jit !== undefined) return 'already';
    row.jit = USED;
    row.expiresAt = expiresAt;
    return 'closed';
  }

  /** By the instance: its letter, once. None: not there yet, or taken. `at`: what it writes as the time of taking. */
  take(userId: string, at: string): string | undefined {
    const row = this.#rows.get(userId);
    const letter = row?.jit;
    if (row === undefined || letter === undefined || letter === USED) return undefined;
    row.jit = USED;
    row.takenAt = at;
    return letter;
  }

  /** By the instance: how far its boot came. False: longer than 4,096 bytes, so nobody would read it. */
  report(userId: string, boot: string): boolean {
    if (!isShortText(boot, MOST_BOOT_BYTES)) return false;
    this.#row(userId).boot = boot;
    return true;
  }

  /** Drops what has expired. DynamoDB does so some time after `expiresAt`, within days: the owner decides when. */
  expire(now: number): void {
    for (const { id, expiresAt } of this.#rows.values())
      if (expiresAt !== undefined && expiresAt <= now) this.#rows.delete(id);
  }

  /** Rows that hold a letter which nobody took, for what is left over. */
  untaken(): readonly string[] {
    return [...this.#rows.values()].filter(({ jit }) => jit !== undefined && jit !== USED).map(({ id }) => id);
  }

  #row(userId: string): Row {
    const row = this.#rows.get(userId) ?? { id: userId };
    this.#rows.set(userId, row);
    return row;
  }
}
