/**
 * One execution environment of a function: a process of its own that loads the bundle (init), says it is ready, then
 * handles one event after another. Started by start-environment.ts with the file of the bundle, the handler's name and the time.
 */
import { pathToFileURL } from 'node:url';

const [file = '', handlerName = '', startedAt] = process.argv.slice(2);
const send = (message: object) => process.send?.(message);

interface Invocation {
  readonly id: string;
  readonly event: unknown;
  /** The time of the stage: its clock can be moved. */
  readonly now: number;
  readonly deadlineAt: number;
}

const realNow = Date.now;
let aheadMs = 0;
const setClock = (now: number) => {
  aheadMs = now - realNow();
};
setClock(Number(startedAt));
Date.now = () => realNow() + aheadMs;

try {
  const { [handlerName]: handler } = await import(pathToFileURL(file).href);
  if (typeof handler !== 'function') throw new Error(`${file} exports no function ${handlerName}`);
  process.on('message', ({ id, event, now, deadlineAt }: Invocation) => {
    setClock(now);
    const context = {
      awsRequestId: id,
      functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
      getRemainingTimeInMillis: () => deadlineAt - Date.now(),
    };
    // In a promise, so that a handler that throws at once is an error of the invocation too.
    Promise.resolve()
      .then(() => handler(event, context))
      .then(
        (result) => send({ id, result: JSON.stringify(result) }),
        (error: Error) => send({ id, error: String(error?.stack ?? error) }),
      );
  });
  send({ ready: true });
} catch (error) {
  send({ initError: String((error as Error)?.stack ?? error) });
}
