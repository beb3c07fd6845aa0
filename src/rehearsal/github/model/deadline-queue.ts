/**
 * Things that fall due a fixed time after they were last touched. As the delay is the same for all, the order of touching
 * is the order of falling due: every call is O(1), which matters to a simulator that asks after each event.
 */
export class DeadlineQueue<T> {
  private readonly dueAt = new Map<T, number>();
  private readonly delayMs: number;

  constructor(delayMs: number) {
    this.delayMs = delayMs;
  }

  touch(item: T, now: number): void {
    this.dueAt.delete(item);
    this.dueAt.set(item, now + this.delayMs);
  }

  drop(item: T): void {
    this.dueAt.delete(item);
  }

  /** When the next thing falls due. Infinity: nothing waits. */
  firstAt(): number {
    for (const at of this.dueAt.values()) return at;
    return Number.POSITIVE_INFINITY;
  }

  /** Takes out the things that are due, the longest due first. */
  takeDue(now: number): readonly T[] {
    const due: T[] = [];
    for (const [item, at] of this.dueAt) {
      if (at > now) break;
      due.push(item);
      this.dueAt.delete(item);
    }
    return due;
  }
}
