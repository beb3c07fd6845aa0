/**
 * What EC2's error codes mean to a launch.
 *
 *   no-capacity    fall back or wait: another market, type, zone or moment may do
 *   throttled      the same request later
 *   misconfigured  only a person can help: never retried at speed, never a fallback
 *   over           this token can not launch any more
 *   unknown        it may have launched: the same request again finds out
 *
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
 */
export type LaunchFault = 'no-capacity' | 'throttled' | 'misconfigured' | 'over' | 'unknown';

const NO_CAPACITY = new Set([
  'InsufficientInstanceCapacity',
  'UnfulfillableCapacity',
  'MaxSpotInstanceCountExceeded',
  'SpotMaxPriceTooLow',
  'VcpuLimitExceeded',
  'InsufficientFreeAddressesInSubnet',
  'InsufficientReservedInstanceCapacity',
  'ReservationCapacityExceeded',
  'MaxFleetCountExceeded',
  // Not with this instance type in this zone: other overrides may do.
  'Unsupported',
]);

/** Of the account, whatever the choice. */
const OF_ACCOUNT = new Set(['MaxSpotInstanceCountExceeded', 'VcpuLimitExceeded', 'MaxFleetCountExceeded']);

const OVER = new Set(['IdempotentParameterMismatch', 'IdempotentInstanceTerminated']);

/** `status`: of the HTTP answer; absent for an error inside a successful one. */
export function launchFaultOf(code: string, status?: number): LaunchFault {
  if (NO_CAPACITY.has(code)) return 'no-capacity';
  if (isThrottling(code, status)) return 'throttled';
  if (OVER.has(code)) return 'over';
  if (isServerFault(code, status)) return 'unknown';
  // Whatever else EC2 refuses is about the request: a permission, the image, the template, the service-linked role.
  return 'misconfigured';
}

/** That this instance type in this subnet had none: another choice may, and this one not for some minutes. */
export const isExhaustion = (code: string) => NO_CAPACITY.has(code) && !OF_ACCOUNT.has(code);

/** The worst first: where one override is misconfigured, falling back would only hide it. */
const BY_WEIGHT: readonly LaunchFault[] = ['misconfigured', 'over', 'throttled', 'unknown', 'no-capacity'];

/** What the errors of a fleet that gave no instance amount to: they are per override, not per instance. */
export function fleetFaultOf(codes: readonly string[]): LaunchFault {
  const faults = new Set(codes.map((code) => launchFaultOf(code)));
  return BY_WEIGHT.find((fault) => faults.has(fault)) ?? 'no-capacity';
}

export const isThrottling = (code: string, status?: number) =>
  code === 'RequestLimitExceeded' || code.startsWith('Throttling') || status === 503 || status === 429;

export const isServerFault = (code: string, status = 400) =>
  status >= 500 || code === 'InternalError' || code === 'InternalFailure' || code === 'Unavailable';
