import { Aws, aws_iam as iam } from 'aws-cdk-lib';
import { acknowledgeWildcards } from './acknowledge';
import { TAGS } from './contract';
import type { MayflyFunction } from './mayfly-function';
import type { RunnerPool } from './runner-pool';

const ec2Arn = (resource: string, account: string = Aws.ACCOUNT_ID) =>
  `arn:${Aws.PARTITION}:ec2:${Aws.REGION}:${account}:${resource}`;

/** What a launch names or makes that no deployment can know. */
const UNNAMED = [
  ec2Arn('image/*', ''),
  ec2Arn('snapshot/*', ''),
  ec2Arn('network-interface/*'),
  ec2Arn('spot-instances-request/*'),
];

const LAUNCH = ['ec2:CreateFleet', 'ec2:RunInstances'];

/**
 * What a function that launches may do with EC2: launch from our templates into our subnets, with our tag; end what carries it. EC2
 * checks a fleet request and the launches inside it alike, each with all of its resources. Statements grow with the pools.
 */
export class LaunchPermissions {
  private readonly places: iam.PolicyStatement;
  private readonly templates = new iam.PolicyStatement({ actions: LAUNCH });
  private readonly parameters = new iam.PolicyStatement({ actions: ['ssm:GetParameters'] });
  private readonly roles = new iam.PolicyStatement({
    actions: ['iam:PassRole'],
    // The service has another name in China.
    conditions: { StringEquals: { 'iam:PassedToService': ['ec2.amazonaws.com', `ec2.${Aws.URL_SUFFIX}`] } },
  });
  private readonly resources = new Map<iam.PolicyStatement, Set<string>>();
  private usesSpot = false;

  constructor(
    private readonly who: MayflyFunction,
    private readonly deploymentId: string,
  ) {
    // No tag condition here: EC2 does not tag a spot request, and would then refuse all of the launch.
    this.places = new iam.PolicyStatement({ actions: LAUNCH, resources: UNNAMED });
    this.allowTagged();
  }

  public addPool(pool: RunnerPool): void {
    if (this.resources.size === 0) {
      acknowledgeWildcards(this.who.role, UNNAMED, 'Made by the launch, or a public image whose id changes.');
      for (const statement of [this.places, this.templates, this.parameters, this.roles]) {
        this.who.role.addToPolicy(statement);
      }
    }
    this.add(this.templates, ec2Arn(`launch-template/${pool.launchTemplateId}`));
    this.add(this.places, ...pool._subnetIds.map((id) => ec2Arn(`subnet/${id}`)));
    const groups = pool.connections.securityGroups.map((group) => ec2Arn(`security-group/${group.securityGroupId}`));
    this.add(this.places, ...groups);
    this.add(this.roles, pool.role.roleArn);
    this.add(this.parameters, pool._parameterArn);
    if (pool._image.parameterArn) this.add(this.parameters, pool._image.parameterArn);
    if (pool._usesSpot) this.allowSpot();
  }

  private add(statement: iam.PolicyStatement, ...arns: string[]): void {
    const known = this.resources.get(statement) ?? new Set();
    statement.addResources(...arns.filter((arn) => !known.has(arn)));
    this.resources.set(statement, new Set([...known, ...arns]));
  }

  private allowTagged(): void {
    const { deploymentId, who } = this;
    const made = ['fleet/*', 'instance/*', 'volume/*'].map((resource) => ec2Arn(resource));
    who.allow(
      {
        actions: LAUNCH,
        resources: made,
        conditions: { StringEquals: { [`aws:RequestTag/${TAGS.deployment}`]: deploymentId } },
      },
      'What the launch makes, and only with our tag.',
    );
    who.allow(
      {
        actions: ['ec2:CreateTags'],
        resources: [...made, ec2Arn('network-interface/*')],
        conditions: { StringEquals: { 'ec2:CreateAction': ['CreateFleet', 'RunInstances'] } },
      },
      'Only what is being launched.',
    );
    allowEnding(who, deploymentId);
  }

  /** A new account has no service role for spot: EC2 makes it at the first launch, if who launches may. */
  private allowSpot(): void {
    if (this.usesSpot) return;
    this.usesSpot = true;
    this.who.allow({
      actions: ['iam:CreateServiceLinkedRole'],
      resources: [
        `arn:${Aws.PARTITION}:iam::${Aws.ACCOUNT_ID}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
      ],
      conditions: { StringEquals: { 'iam:AWSServiceName': 'spot.amazonaws.com' } },
    });
  }
}

/** To end instances of the deployment. */
export function allowEnding(who: MayflyFunction, deploymentId: string): void {
  who.allow(
    {
      actions: ['ec2:TerminateInstances'],
      resources: [ec2Arn('instance/*')],
      conditions: { StringEquals: { [`ec2:ResourceTag/${TAGS.deployment}`]: deploymentId } },
    },
    'Only what carries our tag.',
  );
}

/** To see all instances of the account: EC2 can not show only some. */
export function allowLooking(who: MayflyFunction): void {
  who.allow({ actions: ['ec2:DescribeInstances'], resources: ['*'] }, 'EC2 knows no resource for this action.');
}
