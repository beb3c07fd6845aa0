/** The instances that carry a deployment's tag, page by page. */
import { TAGS } from '../../constructs/contract.ts';
import type { Instance, InstanceState } from '../../core/ports.ts';
import type { AwsCaller } from './call-aws.ts';
import { callEc2, type Ec2Reply } from './call-ec2.ts';
import { elementsAt, textAt, type XmlElement } from './read-xml.ts';

/** The most that EC2 gives at once. */
const PER_PAGE = 1_000;

export type DescribeOutcome =
  | { readonly kind: 'ok'; readonly instances: readonly Instance[] }
  | Exclude<Ec2Reply, { readonly kind: 'ok' }>;

/** `states`: default all. `timeoutMs`: of one try of one page. */
export async function describeInstances(
  caller: AwsCaller,
  deploymentId: string,
  options: { readonly timeoutMs: number; readonly states?: readonly InstanceState[] },
): Promise<DescribeOutcome> {
  const { timeoutMs, states } = options;
  const Filter = [
    { Name: `tag:${TAGS.deployment}`, Value: [deploymentId] },
    ...(states === undefined ? [] : [{ Name: 'instance-state-name', Value: states }]),
  ];
  const instances: Instance[] = [];
  for (let NextToken: string | undefined; ; ) {
    const reply = await callEc2(caller, 'DescribeInstances', { Filter, MaxResults: PER_PAGE, NextToken }, timeoutMs);
    if (reply.kind !== 'ok') return reply;
    const found = elementsAt(reply.answer, 'reservationSet', 'item', 'instancesSet', 'item');
    for (const one of found) instances.push(instanceOf(one));
    NextToken = textAt(reply.answer, 'nextToken') || undefined;
    if (NextToken === undefined) return { kind: 'ok', instances };
  }
}

function instanceOf(element: XmlElement): Instance {
  const tags = new Map(elementsAt(element, 'tagSet', 'item').map((tag) => [textAt(tag, 'key'), textAt(tag, 'value')]));
  const stateReason = textAt(element, 'stateReason', 'code');
  return {
    id: textAt(element, 'instanceId'),
    launchId: tags.get(TAGS.launch) ?? '',
    pool: tags.get(TAGS.pool) ?? '',
    state: textAt(element, 'instanceState', 'name') as InstanceState,
    launchedAt: Date.parse(textAt(element, 'launchTime')),
    ...(stateReason === '' ? {} : { stateReason }),
  };
}
