/** What IAM must allow for a call, and what the gate knows beyond the request. */

export interface Need {
  /** `dynamodb:UpdateItem`. */
  readonly action: string;
  /** ARN, or `*` where the action knows no resources. */
  readonly resource: string;
  /** Condition keys that follow from the request; the caller's own are added later. */
  readonly context: Readonly<Record<string, string | string[]>>;
}

/** What a policy may ask for and the request does not say. */
export interface GateFacts {
  readonly account: string;
  readonly region: string;
  /** Name of a table's partition key. */
  hashKeyOf(table: string): string | undefined;
  /** `LaunchTemplateData` of a deployed launch template. */
  // biome-ignore lint/suspicious/noExplicitAny: as CloudFormation has it
  launchTemplate(id: string): any;
  /** ARN of the role in an instance profile, by the profile's name or ARN. */
  roleOfProfile(profile: string): string | undefined;
  tagsOfInstance(id: string): Promise<Readonly<Record<string, string>>>;
}

/** AWS's own public parameters belong to no account. */
export function parameterArn(name: string, { region, account }: GateFacts): string {
  const owner = name.startsWith('/aws/service/') ? '' : account;
  return `arn:aws:ssm:${region}:${owner}:parameter/${name.replace(/^\//, '')}`;
}
