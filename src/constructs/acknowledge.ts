import { Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says to cdk-nag why a finding on a construct, or on what is below it, is meant to be so. */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `${rule.split('-')[0]}::${rule}`, reason });
}
