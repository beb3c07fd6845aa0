export interface LongPoll {
  /** Calls back after a change, and returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void;
  readonly timeoutMs: number;
  /** Aborted when the client went away. */
  readonly signal: AbortSignal;
}

/**
 * Asks at once and again after each change until there is an answer. Undefined: none came within `timeoutMs`, or the
 * client went away. Changes that come in one go are one question, asked when their maker is done.
 */
export function longPoll<T>(ask: () => T | undefined, poll: LongPoll): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    let asking: NodeJS.Immediate | undefined;
    const end = (finish: () => void) => {
      stopListening();
      clearTimeout(timer);
      clearImmediate(asking);
      poll.signal.removeEventListener('abort', giveUp);
      finish();
    };
    const giveUp = () => end(() => resolve(undefined));
    const askNow = () => {
      asking = undefined;
      try {
        const answer = ask();
        if (answer !== undefined) end(() => resolve(answer));
      } catch (error) {
        end(() => reject(error));
      }
    };
    const stopListening = poll.onChange(() => {
      asking ??= setImmediate(askNow);
    });
    const timer = setTimeout(giveUp, poll.timeoutMs);
    poll.signal.addEventListener('abort', giveUp);
    if (poll.signal.aborted) giveUp();
    else askNow();
  });
}
