/** States of things by time, so that a stale list can be told: what it would have shown then. */
export class Timeline<State> {
  private readonly states = new Map<string, { readonly at: number; readonly state: State }[]>();

  note(id: string, at: number, state: State): void {
    const known = this.states.get(id);
    if (known) known.push({ at, state });
    else this.states.set(id, [{ at, state }]);
  }

  /** When it was first seen. */
  bornAt(id: string): number {
    return this.states.get(id)?.[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  /** `undefined`: not there yet. */
  stateAt(id: string, time: number): State | undefined {
    return this.states.get(id)?.findLast(({ at }) => at <= time)?.state;
  }

  latest(id: string): State | undefined {
    return this.states.get(id)?.at(-1)?.state;
  }

  ids(): IterableIterator<string> {
    return this.states.keys();
  }
}
