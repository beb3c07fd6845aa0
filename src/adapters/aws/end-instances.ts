/** Ends every instance of a deployment, and those that still come up meanwhile, until none is left. */
import { CodedError } from '../../core/codes.ts';
import type { Clock, Instance } from '../../core/ports.ts';
import type { AwsCaller } from './call-aws.ts';
import { callEc2 } from './call-ec2.ts';
import { describeInstances } from './describe-instances.ts';

export interface EndInstancesDeps {
  readonly caller: AwsCaller;
  readonly clock: Clock;
  readonly pause: (ms: number) => Promise<unknown>;
}

const WITHIN_MS = 10 * 60_000;
const PAUSE_MS = 5_000;
const TIMEOUT_MS = 10_000;
/** What EC2 recommends at most. */
const PER_CALL = 100;
/** An instance that was just launched may not be listed yet: none twice in a row, this far apart, is none. */
const EMPTY_ROUNDS = 2;

/** All but `terminated`, which stays listed for about an hour. */
const NOT_ENDED = ['pending', 'running', 'stopping', 'stopped', 'shutting-down'] as const;

/** How many were ended. @throws CodedError `instances-left` after 10 minutes, with their ids or EC2's refusal. */
export async function endInstances(deps: EndInstancesDeps, deploymentId: string): Promise<number> {
  const deadline = deps.clock() + WITHIN_MS;
  const seen = new Set<string>();
  let left = 'not looked at yet';
  for (let empty = 0; empty < EMPTY_ROUNDS; ) {
    const listed = await describeInstances(deps.caller, deploymentId, { timeoutMs: TIMEOUT_MS, states: NOT_ENDED });
    if (listed.kind === 'ok') {
      for (const { id } of listed.instances) seen.add(id);
      empty = listed.instances.length === 0 ? empty + 1 : 0;
      if (empty === EMPTY_ROUNDS) break;
      const refusal = await terminate(deps.caller, listed.instances);
      left = [...listed.instances.map(({ id }) => id), refusal ?? ''].join(' ').trim();
    } else {
      left = listed.kind === 'no-reply' ? listed.why : `${listed.code} ${listed.message}`;
    }
    if (deps.clock() + PAUSE_MS > deadline) throw new CodedError('instances-left', left);
    await deps.pause(PAUSE_MS);
  }
  return seen.size;
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
