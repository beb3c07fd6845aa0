import type { Log } from '../core/ports.ts';

/** One line of JSON an entry, past the runtime's `console`, which would put its own words before it. */
export const writeLog: Log = (entry) => void process.stdout.write(`${JSON.stringify(entry)}\n`);
