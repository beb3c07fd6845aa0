import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** Says to cdk-nag why a finding on a construct, or on what is below it, is meant to be so. */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `${rule.split('-')[0]}::${rule}`, reason });
}

/** The same of each resource in a policy that has a wildcard: cdk-nag wants them named one by one. */
export function acknowledgeWildcards(role: IConstruct, resources: readonly string[], reason: string): void {
  for (const resource of resources) {
    const arn = readable(Stack.of(role).resolve(resource));
    if (arn.includes('*')) acknowledge(role, `AwsSolutions-IAM5[Resource::${arn}]`, reason);
  }
}

/** An ARN as cdk-nag shows it: references in angle brackets. */
function readable(value: unknown): string {
  if (typeof value !== 'object' || value === null) return `${value}`;
  const [[name, of]] = Object.entries(value) as [[string, unknown]];
  if (name === 'Ref') return `<${of}>`;
  if (name === 'Fn::GetAtt') return `<${(of as string[]).join('.')}>`;
  if (name === 'Fn::Join') return (of as [string, unknown[]])[1].map(readable).join('');
  return JSON.stringify(value);
}
