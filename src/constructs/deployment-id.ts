import { Aws, Fn } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * What tells two deployments apart: 8 characters of the deployed stack's UUID, and 4 of the construct's address for two
 * fleets in one stack. A token, because the UUID is known only to the deployment; 12 characters of a-f and 0-9.
 */
export function deploymentIdOf(construct: IConstruct): string {
  const stackUuid = Fn.select(2, Fn.split('/', Aws.STACK_ID));
  return `${Fn.select(0, Fn.split('-', stackUuid))}${construct.node.addr.slice(-4)}`;
}
