/** GitHub's two limits, per App installation: requests per hour, and points per minute (a read costs 1, a write 5). */
export interface RateLimits {
  /** Default 5,000. */
  readonly requestsPerHour: number;
  /** Default 900. */
  readonly pointsPerMinute: number;
  /** GitHub answers either to too many points per minute. Default 403. */
  readonly secondaryStatus: 403 | 429;
}

export const defaultRateLimits: RateLimits = { requestsPerHour: 5_000, pointsPerMinute: 900, secondaryStatus: 403 };

/** What was used since the windows began. */
export interface Bucket {
  hourFrom: number;
  requests: number;
  minuteFrom: number;
  points: number;
}

export interface Usage {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** Seconds since 1970. */
  readonly resetS: number;
}

export type Charge =
  | { readonly kind: 'ok'; readonly usage: Usage }
  | { readonly kind: 'limited'; readonly usage: Usage; readonly status: 403 | 429; readonly retryAfterS?: number };

const HOUR = 3_600_000;
const MINUTE = 60_000;

export const newBucket = (now: number): Bucket => ({ hourFrom: now, requests: 0, minuteFrom: now, points: 0 });

/** Counts a request, unless a limit is passed. `requests` is 0 for `GET /rate_limit`, which costs points only. */
export function charge(
  bucket: Bucket,
  limits: RateLimits,
  cost: { requests: number; points: number },
  now: number,
): Charge {
  renewWindows(bucket, now);
  if (bucket.points + cost.points > limits.pointsPerMinute) {
    const retryAfterS = Math.ceil((bucket.minuteFrom + MINUTE - now) / 1000);
    return { kind: 'limited', usage: usageOf(bucket, limits), status: limits.secondaryStatus, retryAfterS };
  }
  if (bucket.requests + cost.requests > limits.requestsPerHour)
    return { kind: 'limited', usage: usageOf(bucket, limits), status: 403 };
  bucket.points += cost.points;
  bucket.requests += cost.requests;
  return { kind: 'ok', usage: usageOf(bucket, limits) };
}

function renewWindows(bucket: Bucket, now: number): void {
  if (now >= bucket.hourFrom + HOUR) {
    bucket.hourFrom = now;
    bucket.requests = 0;
  }
  if (now >= bucket.minuteFrom + MINUTE) {
    bucket.minuteFrom = now;
    bucket.points = 0;
  }
}

const usageOf = (bucket: Bucket, limits: RateLimits): Usage => ({
  limit: limits.requestsPerHour,
  used: bucket.requests,
  remaining: limits.requestsPerHour - bucket.requests,
  resetS: Math.ceil((bucket.hourFrom + HOUR) / 1000),
});
