/** Decides a need by the policies of a role, as IAM would (@cloud-copilot/iam-simulate). */
import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
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
  const simulation = simulationOf(principal, need);
  if (PUBLIC_PARAMETER.test(need.resource)) {
    const result = runUnsafeSimulation(simulation, {});
    return result === 'Allowed' ? 'allowed' : 'denied';
  }
  const result = await runSimulation(simulation, {});
  if (result.resultType === 'error') return `not evaluated: ${JSON.stringify(result.errors)}`;
  return result.overallResult === 'Allowed' ? 'allowed' : 'denied';
}

/** AWS's own parameters have no account in their ARN, which the evaluator takes for a wrong one. */
const PUBLIC_PARAMETER = /^arn:[^:]+:ssm:[^:]+::parameter\//;

const simulationOf = (principal: Principal, need: Need): Simulation => ({
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
});
