/**
 * What the constructs write and the functions read: environment variables, and the JSON of pools and secrets. Both sides
 * import this file; it imports nothing. A variable that is missing or unreadable is the coded error `not-configured`.
 */

/** Environment of the webhook function. */
export const WEBHOOK_ENV = {
  /** Organisation or user whose jobs are run. */
  owner: 'MAYFLY_OWNER',
  deploymentId: 'MAYFLY_DEPLOYMENT',
  /** Id of the App's installation there; absent while it is not known. */
  installationId: 'MAYFLY_INSTALLATION_ID',
  /** JSON: `WebhookPool[]`. */
  pools: 'MAYFLY_POOLS',
  queueUrl: 'MAYFLY_QUEUE_URL',
  /** ARN of the secret that signs webhooks: the secret itself, or a JSON list of at most two during a rotation. */
  secretArn: 'MAYFLY_WEBHOOK_SECRET_ARN',
} as const;

/** Environment of the dispatch function. */
export const DISPATCH_ENV = {
  deploymentId: 'MAYFLY_DEPLOYMENT',
  table: 'MAYFLY_TABLE',
  mailboxTable: 'MAYFLY_MAILBOX_TABLE',
  queueUrl: 'MAYFLY_QUEUE_URL',
  /** ARN of the secret with the App's credentials: JSON `AppCredentials`. */
  appSecretArn: 'MAYFLY_APP_SECRET_ARN',
  /** Names of the SSM parameters that hold the pools, separated by commas: JSON `PoolParameter` each. */
  poolParameters: 'MAYFLY_POOL_PARAMETERS',
  /** Base URL of GitHub's REST API: `https://api.github.com`, or `https://<host>/api/v3`. */
  githubUrl: 'MAYFLY_GITHUB_URL',
} as const;

/** Environment of the reconcile function: all that dispatch has, and this. */
export const RECONCILE_ENV = {
  ...DISPATCH_ENV,
  /** Organisation or user whose jobs are run. */
  owner: 'MAYFLY_OWNER',
  /** JSON: names of foreign runners that raise no alarm; `*` stands for any text. Absent: no alarm at all. */
  allowedForeignRunners: 'MAYFLY_ALLOWED_FOREIGN_RUNNERS',
} as const;

/** Environment of the runner-cache function. */
export const RUNNER_CACHE_ENV = {
  table: 'MAYFLY_TABLE',
  bucket: 'MAYFLY_BUCKET',
  appSecretArn: 'MAYFLY_APP_SECRET_ARN',
  githubUrl: 'MAYFLY_GITHUB_URL',
  owner: 'MAYFLY_OWNER',
  /** Platforms of all pools, separated by commas. */
  platforms: 'MAYFLY_PLATFORMS',
  /** A runner version to keep to, without `v`. Absent: what GitHub offers. */
  pinnedVersion: 'MAYFLY_RUNNER_VERSION',
} as const;

/** Environment of the function that ends every instance before the stack is destroyed. */
export const END_ALL_ENV = {
  deploymentId: 'MAYFLY_DEPLOYMENT',
  /** Emptied when nothing runs any more: CloudFormation deletes no bucket that has objects. Absent: none. */
  bucket: 'MAYFLY_BUCKET',
} as const;

/** The secret with the App's credentials. */
export interface AppCredentials {
  readonly appId: string;
  /** PEM. */
  readonly privateKey: string;
  /** Of the App on the owner. Absent: asked from GitHub. */
  readonly installationId?: number;
}

/** What routing needs of a pool. */
export interface WebhookPool {
  readonly name: string;
  readonly labels: readonly string[];
  readonly priority: number;
  /** `owner/name`: a repository-level pool. */
  readonly repository?: string;
  readonly allowedRepositories?: readonly string[];
  readonly publicRepositories: boolean;
}

/** What dispatch needs of a pool: one SSM parameter holds one of these. */
export interface PoolParameter extends WebhookPool {
  readonly platform: 'linux-x64' | 'linux-arm64' | 'windows-x64';
  readonly scope:
    | { readonly kind: 'organization'; readonly organization: string }
    | { readonly kind: 'repository'; readonly repository: string };
  readonly runnerGroupId: number;
  readonly instanceTypes: readonly string[];
  readonly subnetIds: readonly string[];
  readonly spotAllocation: 'price-capacity-optimized' | 'capacity-optimized' | 'lowest-price' | 'diversified';
  readonly onDemandAllocation: 'lowest-price' | 'prioritized';
  readonly market: 'spot' | 'on-demand';
  readonly onDemandFallback: boolean;
  readonly launchTemplateId: string;
  readonly launchTemplateVersion: string;
  /** Unique id of the runner role (`AROA...`). */
  readonly roleId: string;
  readonly maxRunners: number;
  readonly idleTimeoutMs: number;
  readonly bootDeadlineMs: number;
  readonly lifetimeMs: number;
  readonly rerunReclaimed: boolean;
}

/** Tags on every instance, volume and fleet. The values are ids, never names of jobs or repositories. */
export const TAGS = {
  /** The deployment that owns it: what may terminate it, and nothing else may. */
  deployment: 'mayfly:deployment',
  pool: 'mayfly:pool',
  launch: 'mayfly:launch',
} as const;

/** Prefix of runner packages in the bucket, and of instance logs. */
export const BUCKET_PREFIX = { runner: 'runner/', logs: 'logs/' } as const;
