/**
 * A state machine as an exhaustive table: every state against every event. A cell is the next state, `stay` (the event
 * changes nothing: late, repeated or out of order) or `bug` (no order of events that the world can produce leads here).
 */
export type Cell<State extends string> = State | 'stay' | 'bug';
export type TransitionTable<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Record<Event, Cell<State>>>>
>;

export class ImpossibleTransition extends Error {
  override readonly name = 'ImpossibleTransition';
}

/** @throws ImpossibleTransition where the table says `bug`. */
export function transition<State extends string, Event extends string>(
  table: TransitionTable<State, Event>,
  state: State,
  event: Event,
): State {
  const cell = table[state][event];
  if (cell === 'bug') throw new ImpossibleTransition(`${state} can't see ${event}`);
  return cell === 'stay' ? state : (cell as State);
}
