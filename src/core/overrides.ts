/** What a fleet request may choose from: every instance type in every subnet, the types in their order. */
import type { FleetShape, Override } from './types.ts';

/** Without the exhausted ones. None left: there is nothing to ask for. */
export function overridesOf({ instanceTypes, subnetIds, exhausted = [] }: FleetShape): readonly Override[] {
  const isExhausted = (type: string, subnet: string) =>
    exhausted.some(({ instanceType, subnetId }) => instanceType === type && subnetId === subnet);
  return instanceTypes.flatMap((instanceType) =>
    subnetIds.flatMap((subnetId) => (isExhausted(instanceType, subnetId) ? [] : [{ instanceType, subnetId }])),
  );
}
