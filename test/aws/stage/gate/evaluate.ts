/** Decides a need by the policies of a role, as IAM would (@cloud-copilot/iam-simulate). */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { Need } from './need.ts';

export interface NamedPolicy {
  readonly name: string;
  readonly policy: object;
}

/** A role session. */
export interface Principal {
  readonly account: string;
  readonly roleName: string;
  /** `AROA...` */
  readonly roleId: string;
  /** Name of the function, or id of the instance. */
  readonly session: string;
  readonly policies: readonly NamedPolicy[];
}

const sessionArn = ({ account, roleName, session }: Principal) =>
  `arn:aws:sts::${account}:assumed-role/${roleName}/${session}`;

export const userIdOf = ({ roleId, session }: Principal) => `${roleId}:${session}`;

/** `allowed`, or why not. A policy or request that IAM would not accept is refused too, and says so. */
export async function evaluate(principal: Principal, need: Need): Promise<string> {
  const result = await runSimulation(
    {
      request: {
        principal: sessionArn(principal),
        action: need.action,
        resource: { resource: need.resource, accountId: principal.account },
        contextVariables: {
          ...need.context,
          'aws:userid': userIdOf(principal),
          'aws:PrincipalArn': `arn:aws:iam::${principal.account}:role/${principal.roleName}`,
          'aws:PrincipalAccount': principal.account,
          'aws:ResourceAccount': principal.account,
          'aws:SecureTransport': 'true',
        },
      },
      identityPolicies: [...principal.policies],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
    },
    {},
  );
  if (result.resultType === 'error') return `not evaluated: ${JSON.stringify(result.errors)}`;
  return result.overallResult === 'Allowed' ? 'allowed' : 'denied';
}
