/** Ends every instance of a deployment, and those that still come up meanwhile, until none is left. */
import { TAGS } from '../../constructs/contract.ts';
import { CodedError } from '../../core/codes.ts';
import type { Clock } from '../../core/ports.ts';
import type { AwsCaller } from './call-aws.ts';
import { callEc2 } from './call-ec2.ts';
import { elementsAt, textAt } from './read-xml.ts';

export interface EndInstancesDeps {
  readonly caller: AwsCaller;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<unknown>;
}

const WITHIN_MS = 10 * 60_000;
const PAUSE_MS = 5_000;
const TIMEOUT_MS = 10_000;
const PER_PAGE = 1_000;
/** What EC2 recommends at most. */
const PER_CALL = 100;
/** An instance that was just launched may not be listed yet: none twice in a row, this far apart, is none. */
const EMPTY_ROUNDS = 2;

interface Instance {
  readonly id: string;
  readonly state: string;
}

/** How many were ended. @throws CodedError `instances-left` after 10 minutes, with their ids or EC2's refusal. */
export async function endInstances(deps: EndInstancesDeps, deploymentId: string): Promise<number> {
  const deadline = deps.clock() + WITHIN_MS;
  const seen = new Set<string>();
  let left = 'not looked at yet';
  for (let empty = 0; empty < EMPTY_ROUNDS; ) {
    const listed = await listInstances(deps.caller, deploymentId);
    if (listed.kind === 'ok') {
      for (const { id } of listed.instances) seen.add(id);
      empty = listed.instances.length === 0 ? empty + 1 : 0;
      if (empty === EMPTY_ROUNDS) break;
      const refusal = await terminate(deps.caller, listed.instances);
      left = [...listed.instances.map(({ id }) => id), refusal ?? ''].join(' ').trim();
    } else {
      left = listed.why;
    }
    if (deps.clock() + PAUSE_MS > deadline) throw new CodedError('instances-left', left);
    await deps.pause(PAUSE_MS);
  }
  return seen.size;
}

type Listed =
  | { readonly kind: 'ok'; readonly instances: readonly Instance[] }
  | { readonly kind: 'failed'; readonly why: string };

async function listInstances(caller: AwsCaller, deploymentId: string): Promise<Listed> {
  const Filter = [
    { Name: `tag:${TAGS.deployment}`, Value: [deploymentId] },
    { Name: 'instance-state-name', Value: ['pending', 'running', 'stopping', 'stopped', 'shutting-down'] },
  ];
  const instances: Instance[] = [];
  for (let NextToken: string | undefined; ; ) {
    const reply = await callEc2(caller, 'DescribeInstances', { Filter, MaxResults: PER_PAGE, NextToken }, TIMEOUT_MS);
    if (reply.kind === 'no-reply') return { kind: 'failed', why: reply.why };
    if (reply.kind === 'refused') return { kind: 'failed', why: `${reply.code} ${reply.message}` };
    for (const one of elementsAt(reply.answer, 'reservationSet', 'item', 'instancesSet', 'item'))
      instances.push({ id: textAt(one, 'instanceId'), state: textAt(one, 'instanceState', 'name') });
    NextToken = textAt(reply.answer, 'nextToken') || undefined;
    if (NextToken === undefined) return { kind: 'ok', instances };
  }
}

/** Returns EC2's refusal, if there is one. The next round tries again. */
async function terminate(caller: AwsCaller, instances: readonly Instance[]): Promise<string | undefined> {
  const ids = instances.filter(({ state }) => state !== 'shutting-down').map(({ id }) => id);
  let refusal: string | undefined;
  for (let at = 0; at < ids.length; at += PER_CALL) {
    const InstanceId = ids.slice(at, at + PER_CALL);
    const reply = await callEc2(caller, 'TerminateInstances', { InstanceId }, TIMEOUT_MS);
    if (reply.kind === 'refused') refusal = `${reply.code} ${reply.message}`;
  }
  return refusal;
}
