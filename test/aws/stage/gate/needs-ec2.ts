/**
 * EC2. A fleet needs both CreateFleet and RunInstances on each resource that it uses, CreateTags on each that it tags,
 * the right to hand over the role of its launch template, and to read the image parameter (which is resolved with the
 * caller's rights). https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
 */
import { type GateFacts, type Need, parameterArn } from './need.ts';
import type { AwsCall, Parameters } from './read-call.ts';

export async function ec2Needs({ name, parameters }: AwsCall, facts: GateFacts): Promise<Need[]> {
  switch (name) {
    case 'CreateFleet':
      return fleetNeeds(parameters, facts);
    case 'TerminateInstances':
    case 'StopInstances':
    case 'StartInstances':
    case 'RebootInstances':
      return Promise.all(parameters.InstanceId.map((id: string) => instanceNeed(name, id, facts)));
    case 'CreateTags':
      return parameters.ResourceId.map((id: string) => ({
        action: 'ec2:CreateTags',
        resource: arn(facts, kindOf(id), id),
        context: requestTags(parameters.Tag ?? []),
      }));
    default:
      return [{ action: `ec2:${name}`, resource: '*', context: {} }];
  }
}

async function instanceNeed(name: string, id: string, facts: GateFacts): Promise<Need> {
  const tags = Object.entries(await facts.tagsOfInstance(id));
  const context = tags.flatMap(([key, value]) => [
    [`ec2:ResourceTag/${key}`, value],
    [`aws:ResourceTag/${key}`, value],
  ]);
  return { action: `ec2:${name}`, resource: arn(facts, 'instance', id), context: Object.fromEntries(context) };
}

const arn = ({ region, account }: GateFacts, kind: string, id: string) =>
  `arn:aws:ec2:${region}:${account}:${kind}/${id}`;
const kindOf = (id: string) =>
  id.startsWith('i-') ? 'instance' : id.startsWith('vol-') ? 'volume' : 'network-interface';

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

function requestTags(tags: readonly Tag[]): Record<string, string | string[]> {
  if (tags.length === 0) return {};
  const pairs = tags.map(({ Key, Value }) => [`aws:RequestTag/${Key}`, Value]);
  return { ...Object.fromEntries(pairs), 'aws:TagKeys': tags.map(({ Key }) => Key) };
}

/** What a fleet touches, and the tags that each kind gets. */
const KINDS_OF_CREATE_FLEET = ['fleet', 'launch-template', 'image', 'instance', 'subnet', 'volume'];

function fleetNeeds(parameters: Parameters, facts: GateFacts): Need[] {
  return parameters.LaunchTemplateConfigs.flatMap((config: Parameters) => {
    const id: string = config.LaunchTemplateSpecification.LaunchTemplateId;
    const data = facts.launchTemplate(id) ?? {};
    const tags = tagsByKind([...(parameters.TagSpecification ?? []), ...(data.TagSpecifications ?? [])]);
    const isSpot = parameters.TargetCapacitySpecification?.DefaultTargetCapacityType === 'spot';
    const touched = touchedBy(id, data, config.Overrides ?? [], isSpot, facts);
    return [
      ...touched.flatMap((resource) => launchNeeds(resource, tags, arn(facts, 'launch-template', id))),
      ...tagNeeds(tags, facts),
      ...passRole(data, facts),
      ...readImage(data, facts),
    ];
  });
}

function tagsByKind(specifications: readonly Parameters[]): Map<string, Tag[]> {
  const byKind = new Map<string, Tag[]>();
  for (const { ResourceType, Tag, Tags } of specifications)
    byKind.set(ResourceType, [...(byKind.get(ResourceType) ?? []), ...(Tag ?? Tags ?? [])]);
  return byKind;
}

/** `kind/id` of everything; what does not exist yet by a made-up id. */
function touchedBy(id: string, data: Parameters, overrides: Parameters[], isSpot: boolean, facts: GateFacts): string[] {
  const groups: string[] = [
    ...(data.SecurityGroupIds ?? []),
    ...(data.NetworkInterfaces ?? []).flatMap((one: Parameters) => one.Groups ?? []),
  ];
  const subnets: string[] = [...new Set(overrides.flatMap(({ SubnetId }) => SubnetId ?? []))];
  return [
    arn(facts, 'launch-template', id),
    `arn:aws:ec2:${facts.region}::image/ami-0123456789abcdef0`,
    `arn:aws:ec2:${facts.region}::snapshot/snap-0123456789abcdef0`,
    ...subnets.map((one) => arn(facts, 'subnet', one)),
    ...groups.map((one) => arn(facts, 'security-group', one)),
    arn(facts, 'fleet', 'fleet-new'),
    arn(facts, 'instance', 'i-new'),
    arn(facts, 'volume', 'vol-new'),
    arn(facts, 'network-interface', 'eni-new'),
    ...(isSpot ? [arn(facts, 'spot-instances-request', 'sir-new')] : []),
  ];
}

const kindIn = (resource: string) => resource.split(':')[5]?.split('/')[0] ?? '';

function launchNeeds(resource: string, tags: Map<string, Tag[]>, launchTemplate: string): Need[] {
  const kind = kindIn(resource);
  const context = { ...requestTags(tags.get(kind) ?? []), 'ec2:LaunchTemplate': launchTemplate };
  const actions = [
    ...(KINDS_OF_CREATE_FLEET.includes(kind) ? ['ec2:CreateFleet'] : []),
    ...(kind === 'fleet' ? [] : ['ec2:RunInstances']),
  ];
  return actions.map((action) => ({ action, resource, context }));
}

/** A fleet is tagged by CreateFleet; what its instances consist of, by the launch within it. */
function tagNeeds(tags: Map<string, Tag[]>, facts: GateFacts): Need[] {
  return [...tags].map(([kind, list]) => ({
    action: 'ec2:CreateTags',
    resource: arn(facts, kind, `${kind}-new`),
    context: { ...requestTags(list), 'ec2:CreateAction': kind === 'fleet' ? 'CreateFleet' : 'RunInstances' },
  }));
}

function passRole(data: Parameters, facts: GateFacts): Need[] {
  const profile = data.IamInstanceProfile?.Arn ?? data.IamInstanceProfile?.Name;
  const role = profile === undefined ? undefined : facts.roleOfProfile(profile);
  if (role === undefined) return [];
  return [{ action: 'iam:PassRole', resource: role, context: { 'iam:PassedToService': 'ec2.amazonaws.com' } }];
}

function readImage(data: Parameters, facts: GateFacts): Need[] {
  const [, name] = /^resolve:ssm:([^:]+)/.exec(data.ImageId ?? '') ?? [];
  return name === undefined ? [] : [{ action: 'ssm:GetParameters', resource: parameterArn(name, facts), context: {} }];
}
