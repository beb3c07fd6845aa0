/** Instances that Mayfly did not launch, with whatever tags: by the account's own rights. */
import { CreateFleetCommand, type CreateFleetCommandInput, EC2Client } from '@aws-sdk/client-ec2';
import { TAGS } from '../../../src/constructs/contract.ts';
import type { Stage } from './stage.ts';

/** What the deployment says of a pool. */
function poolParameter(stage: Stage, pool: string) {
  const parameters = stage.deployed.all('AWS::SSM::Parameter').map(({ properties }) => JSON.parse(properties.Value));
  return parameters.find(({ name }) => name === pool);
}

export const templateOf = (stage: Stage, pool: string): string => poolParameter(stage, pool).launchTemplateId;

/** One instance in a subnet of the pool. `deployment`: the tag's value. */
export function oneInstance(
  stage: Stage,
  pool: string,
  deployment: string,
  template = templateOf(stage, pool),
): CreateFleetCommandInput {
  const [SubnetId] = poolParameter(stage, pool).subnetIds;
  const tags = { [TAGS.deployment]: deployment, [TAGS.pool]: pool, [TAGS.launch]: 'by-hand' };
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return {
    Type: 'instant',
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: { LaunchTemplateId: template, Version: '1' },
        Overrides: [{ InstanceType: 'm7i.large', SubnetId }],
      },
    ],
    TargetCapacitySpecification: { TotalTargetCapacity: 1, DefaultTargetCapacityType: 'on-demand' },
    TagSpecifications: (['fleet', 'instance', 'volume'] as const).map((ResourceType) => ({ ResourceType, Tags })),
  };
}

/** Gives the id of the instance. */
export async function launchAsRoot(stage: Stage, pool: string, deployment: string): Promise<string> {
  const ec2 = new EC2Client(stage.moto.access);
  const { Instances = [] } = await ec2.send(new CreateFleetCommand(oneInstance(stage, pool, deployment)));
  ec2.destroy();
  return Instances[0]?.InstanceIds?.[0] ?? '';
}
