const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** GitHub's own times, as its documentation gives them where no other source is named. */
export const clocks = {
  /** An assigned job that no runner took is given to any runner again. */
  acquireMs: 60 * SECOND,
  /** A job that waited this long is cancelled. */
  queueMs: DAY,
  /** The runner renews the lock on its job each minute; without, "lost communication" (reports say about 10 minutes). */
  lockMs: 10 * MINUTE,
  /** A connected runner polls every 50 s. Two polls missed: it counts as offline (our choice: GitHub does not say). */
  silenceMs: 100 * SECOND,
  /** The record of an ephemeral runner that is not connected is removed. */
  reapMs: DAY,
  /** Deliveries can be listed and redelivered for this long. */
  deliveryMs: 3 * DAY,
  installationTokenMs: HOUR,
} as const;
