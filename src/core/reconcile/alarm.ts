/** An alarm is a coded log line: what a filter or a metric of the log finds. */
import { CODES, type ReasonCode } from '../codes.ts';
import type { Log } from '../ports.ts';

export function raiseAlarm(log: Log, fault: ReasonCode, more: Readonly<Record<string, unknown>>): void {
  log({ event: 'alarm', fault, code: CODES[fault].code, ...more });
}
