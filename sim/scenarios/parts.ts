/** What scenarios are made of. */
import type { Job } from '../../src/core/types.ts';
import type { FaultName } from '../fault-classes.ts';
import type { FaultRule } from '../faults.ts';
import { LABELS, REPOSITORIES, type Shape, simPool, type Work } from '../shape.ts';
import { START } from '../world.ts';
import type { Seen } from './scenario.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

export const jobs = (count: number, more: Partial<Work> = {}): Work => ({
  atMs: 0,
  repository: REPOSITORIES[0],
  labels: LABELS,
  jobs: count,
  ...more,
});

export const shape = (work: Work | readonly Work[], more: Partial<Shape> = {}): Shape => ({
  deployments: [[simPool()]],
  work: Array.isArray(work) ? work : [work as Work],
  faultMs: 10 * MINUTE,
  ...more,
});

/** The first so many times that it could, one of these faults strikes. */
export const first =
  (count: number, ...faults: readonly FaultName[]): FaultRule =>
  (fault, nth) =>
    faults.includes(fault) && nth < count;

/** Every time that it could. */
export const always = (...faults: readonly FaultName[]) => first(Number.POSITIVE_INFINITY, ...faults);

/** Only for that call or event. */
export const of =
  (what: string, rule: FaultRule): FaultRule =>
  (fault, nth, whatNow) =>
    what === whatNow && rule(fault, nth, whatNow);

export const any =
  (...rules: readonly FaultRule[]): FaultRule =>
  (...args) =>
    rules.some((rule) => rule(...args));

/** Wrong unless exactly so many instances were launched. */
export const launched =
  (count: number) =>
  ({ view }: Seen) =>
    view.launches === count ? undefined : `${view.launches} launches instead of ${count}`;

/** Wrong unless some job said that it waits for that reason. */
export const waitedFor =
  (reason: string) =>
  ({ history }: Seen) => {
    const isSaid = history.some(
      (one) => one.kind === 'record' && one.record === 'job' && (one.after as Job).reason === reason,
    );
    return isSaid ? undefined : `no job waited for ${reason}`;
  };

/** Wrong unless everything was over by then. */
export const overBy =
  (ms: number) =>
  ({ history }: Seen) => {
    const last = history.findLast((one) => one.kind === 'github' && one.event.kind === 'job-completed');
    const atMs = (last?.at ?? START) - START;
    return atMs <= ms ? undefined : `the last job ended after ${Math.round(atMs / SECOND)} s`;
  };

/** Wrong unless the last instance had ended by then. */
export const endedBy =
  (ms: number) =>
  ({ history }: Seen) => {
    const last = history.findLast((one) => one.kind === 'instance' && one.instance.state === 'terminated');
    const atMs = (last?.at ?? START) - START;
    return atMs <= ms ? undefined : `the last instance ended after ${Math.round(atMs / SECOND)} s`;
  };

/** Wrong unless it happened. */
export const saw =
  (what: string, test: (one: Seen['history'][number]) => boolean) =>
  ({ history }: Seen) =>
    history.some(test) ? undefined : `never seen: ${what}`;

export const struck = (fault: FaultName) => saw(`fault ${fault}`, (one) => one.kind === 'fault' && one.fault === fault);

export const all =
  (...expectations: readonly ((seen: Seen) => string | undefined)[]) =>
  (seen: Seen) => {
    const missed = expectations.flatMap((expect) => expect(seen) ?? []);
    return missed.length > 0 ? missed.join('; ') : undefined;
  };
