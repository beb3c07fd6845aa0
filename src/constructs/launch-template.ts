import { aws_ec2 as ec2, Fn, type aws_iam as iam, type Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { TAGS } from './contract';
import type { BoundImage } from './pool-image';

export interface LaunchTemplateInput {
  readonly image: BoundImage;
  readonly userData: string;
  readonly profile: iam.CfnInstanceProfile;
  readonly rootVolumeSize: Size;
  readonly securityGroups: readonly ec2.ISecurityGroup[];
  readonly assignPublicIp: boolean;
  readonly deploymentId: string;
  readonly poolName: string;
}

/**
 * What all instances of a pool have in common. Market, types, subnets and the other tags come with each launch.
 * It must name no market and never tag `spot-instances-request`: every on-demand launch would fail.
 */
export function makeLaunchTemplate(scope: Construct, id: string, input: LaunchTemplateInput): ec2.CfnLaunchTemplate {
  return new ec2.CfnLaunchTemplate(scope, id, {
    launchTemplateData: {
      imageId: input.image.imageId,
      userData: Fn.base64(input.userData),
      ebsOptimized: true,
      iamInstanceProfile: { arn: input.profile.attrArn },
      instanceInitiatedShutdownBehavior: 'terminate',
      // One hop: the metadata, and with it the role, is out of reach for containers.
      metadataOptions: { httpEndpoint: 'enabled', httpTokens: 'required', httpPutResponseHopLimit: 1 },
      blockDeviceMappings: [rootVolume(input)],
      ...network(input),
      tagSpecifications: [
        {
          resourceType: 'network-interface',
          tags: [
            { key: TAGS.deployment, value: input.deploymentId },
            { key: TAGS.pool, value: input.poolName },
          ],
        },
      ],
    },
  });
}

function rootVolume({ image, rootVolumeSize }: LaunchTemplateInput): ec2.CfnLaunchTemplate.BlockDeviceMappingProperty {
  return {
    deviceName: image.rootDeviceName,
    ebs: { volumeType: 'gp3', volumeSize: rootVolumeSize.toGibibytes(), encrypted: true, deleteOnTermination: true },
  };
}

/** The subnet comes with each launch. A public address is asked for here, whatever the subnet's own setting. */
function network({ securityGroups, assignPublicIp }: LaunchTemplateInput) {
  const groups = securityGroups.map((group) => group.securityGroupId);
  if (!assignPublicIp) return { securityGroupIds: groups };
  return {
    networkInterfaces: [{ deviceIndex: 0, associatePublicIpAddress: true, deleteOnTermination: true, groups }],
  };
}
