/** What the stage reads out of the deployed resources: functions, roles with their policies, tables, queues, routes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { MotoAccess } from '../moto.ts';
import { ACCOUNT } from './deploy.ts';
import type { NamedPolicy, Principal } from './gate/evaluate.ts';
import type { GateFacts } from './gate/need.ts';
import type { DeployedFunction } from './lambda/start-environment.ts';
import type { DeployedResource } from './moto-control.ts';

/** The functions that tests run, each by what only its logical id contains. */
const FUNCTIONS = {
  webhook: 'WebhookReceive',
  dispatch: 'LauncherDispatch',
  reconcile: 'ReconcilerReconcile',
  'runner-cache': 'RunnerCacheRefresh',
} as const;

export type FunctionName = keyof typeof FUNCTIONS;

export class Deployed {
  private readonly resources: readonly DeployedResource[];
  private readonly assembly: string;
  private readonly access: MotoAccess;
  private readonly stack: string;

  constructor(resources: readonly DeployedResource[], stack: string, assembly: string, access: MotoAccess) {
    this.resources = resources.filter((one) => one.stack === stack);
    this.stack = stack;
    this.assembly = assembly;
    this.access = access;
  }

  all(type: string): readonly DeployedResource[] {
    return this.resources.filter((one) => one.type === type);
  }

  /** The only resource of a type that `is` it. @throws Error when there is none or another. */
  one(type: string, is: (one: DeployedResource) => boolean = () => true): DeployedResource {
    const [found, another] = this.all(type).filter(is);
    if (found === undefined || another !== undefined) throw new Error(`not exactly one ${type} is it`);
    return found;
  }

  functionNamed(name: FunctionName): DeployedResource {
    return this.one('AWS::Lambda::Function', ({ logicalId }) => logicalId.includes(FUNCTIONS[name]));
  }

  variableOf(name: FunctionName, variable: string): string {
    return this.functionNamed(name).properties.Environment.Variables[variable];
  }

  toRun({ physicalId, properties }: DeployedResource): DeployedFunction {
    return {
      name: physicalId,
      arn: `arn:aws:lambda:${this.access.region}:${ACCOUNT}:function:${physicalId}`,
      folder: this.assetFolder(properties.Code.S3Key),
      handler: properties.Handler,
      timeoutMs: Number(properties.Timeout ?? 3) * 1_000,
      memoryMb: Number(properties.MemorySize ?? 128),
      variables: properties.Environment?.Variables ?? {},
    };
  }

  /** A session of a role, by the role's name or ARN. */
  async principal(role: string, session: string): Promise<Principal> {
    const roleName = role.split('/').at(-1) as string;
    const iam = new IAMClient(this.access);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleName }));
    iam.destroy();
    return { account: ACCOUNT, roleName, roleId: Role?.RoleId as string, session, policies: this.policiesOf(roleName) };
  }

  facts(): GateFacts {
    const ec2 = new EC2Client(this.access);
    return {
      account: ACCOUNT,
      region: this.access.region,
      hashKeyOf: (table) => {
        const schema = this.all('AWS::DynamoDB::Table').find(({ physicalId }) => physicalId === table)?.properties;
        return schema?.KeySchema.find(({ KeyType }: { KeyType: string }) => KeyType === 'HASH')?.AttributeName;
      },
      launchTemplate: (id) =>
        this.all('AWS::EC2::LaunchTemplate').find(({ physicalId }) => physicalId === id)?.properties.LaunchTemplateData,
      roleOfProfile: (profile) => this.roleOfProfile(profile),
      tagsOfInstance: async (id) => {
        const found = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] })).catch(() => undefined);
        const tags = found?.Reservations?.[0]?.Instances?.[0]?.Tags ?? [];
        return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
      },
    };
  }

  /** ARN of the role in an instance profile. */
  roleOfProfile(profile: string): string | undefined {
    const name = profile.split('/').at(-1);
    const found = this.all('AWS::IAM::InstanceProfile').find(
      ({ physicalId, properties }) => physicalId === name || properties.InstanceProfileName === name,
    );
    const [role] = found?.properties.Roles ?? [];
    return role && `arn:aws:iam::${ACCOUNT}:role/${role}`;
  }

  private policiesOf(roleName: string): NamedPolicy[] {
    const role = this.one('AWS::IAM::Role', ({ physicalId }) => physicalId === roleName);
    const managed: string[] = role.properties.ManagedPolicyArns ?? [];
    if (managed.length > 0) throw new Error(`the gate does not know the managed policies ${managed} of ${roleName}`);
    const attached = this.all('AWS::IAM::Policy').filter(({ properties }) => properties.Roles?.includes(roleName));
    return [...(role.properties.Policies ?? []), ...attached.map(({ properties }) => properties)].map(
      ({ PolicyName, PolicyDocument }) => ({ name: PolicyName, policy: PolicyDocument }),
    );
  }

  private assetFolder(key: string): string {
    const { files } = JSON.parse(readFileSync(join(this.assembly, `${this.stack}.assets.json`), 'utf8'));
    return join(this.assembly, files[key.replace(/\.zip$/, '')].source.path);
  }
}
