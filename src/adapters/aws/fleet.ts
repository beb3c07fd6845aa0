/** EC2: instances by instant fleets, one request a launch, which may be repeated under its token. */
import { TAGS } from '../../constructs/contract.ts';
import type { Fleet, LaunchOutcome } from '../../core/ports.ts';
import type { Launch } from '../../core/types.ts';
import type { AwsCaller } from './call-aws.ts';
import { callEc2, type Ec2Value } from './call-ec2.ts';
import { fleetFaultOf, isServerFault, isThrottling, launchFaultOf } from './classify-ec2.ts';
import { elementsAt, textAt, type XmlElement } from './read-xml.ts';

/** Of one try. A fleet of a hundred instances is answered in seconds; the function has 30 s in all. */
const USUAL_BOUNDS = { launchMs: 12_000, terminateMs: 5_000 };
const MOST_DETAIL = 500;

export class AwsFleet implements Fleet {
  readonly #caller: AwsCaller;
  readonly #deploymentId: string;
  readonly #bounds: typeof USUAL_BOUNDS;

  constructor(caller: AwsCaller, deploymentId: string, bounds = USUAL_BOUNDS) {
    this.#bounds = bounds;
    this.#caller = caller;
    this.#deploymentId = deploymentId;
  }

  async launch(launch: Launch): Promise<LaunchOutcome> {
    const request = fleetRequest(launch, this.#deploymentId);
    const reply = await callEc2(this.#caller, 'CreateFleet', request, this.#bounds.launchMs);
    if (reply.kind === 'ok') return outcomeOf(reply.answer);
    if (reply.kind === 'no-reply') return { kind: 'unknown', detail: reply.why };
    const { code, status, message } = reply;
    return { kind: launchFaultOf(code, status), detail: detailOf([`${status} ${code} ${message}`]) };
  }

  /** The role may terminate what carries our deployment's tag: a refusal means that this does not. */
  async terminate(instanceId: string): Promise<'ok' | 'not-ours' | 'throttled' | 'unavailable'> {
    const request = { InstanceId: [instanceId] };
    const reply = await callEc2(this.#caller, 'TerminateInstances', request, this.#bounds.terminateMs);
    if (reply.kind === 'ok') return 'ok';
    if (reply.kind === 'no-reply') return 'unavailable';
    const { code, status, message } = reply;
    if (code === 'InvalidInstanceID.NotFound') return 'ok';
    if (code === 'UnauthorizedOperation') return 'not-ours';
    if (isThrottling(code, status)) return 'throttled';
    if (isServerFault(code, status)) return 'unavailable';
    throw new Error(`TerminateInstances: ${status} ${code} ${message}`);
  }
}

/** Follows from the launch alone, so that a repeat is the same request. */
function fleetRequest(launch: Launch, deploymentId: string): Record<string, Ec2Value> {
  const { id, market, fleet, launchTemplate, attemptIds } = launch;
  const tags = [
    { Key: TAGS.deployment, Value: deploymentId },
    { Key: TAGS.pool, Value: launch.pool },
    { Key: TAGS.launch, Value: id },
  ];
  return {
    Type: 'instant',
    ClientToken: id,
    TargetCapacitySpecification: { TotalTargetCapacity: attemptIds.length, DefaultTargetCapacityType: market },
    SpotOptions: market === 'spot' ? { AllocationStrategy: fleet.spotAllocation } : undefined,
    OnDemandOptions: market === 'on-demand' ? { AllocationStrategy: fleet.onDemandAllocation } : undefined,
    LaunchTemplateConfigs: [
      {
        LaunchTemplateSpecification: { LaunchTemplateId: launchTemplate.id, Version: launchTemplate.version },
        Overrides: overridesOf(launch),
      },
    ],
    // Never `spot-instances-request`: tagging that makes every on-demand launch fail.
    TagSpecification: ['fleet', 'instance', 'volume'].map((ResourceType) => ({ ResourceType, Tag: tags })),
  };
}

/** Every type in every subnet. The order of the types is their priority, where the strategy has one: 0 is the highest. */
function overridesOf({ market, fleet }: Launch) {
  const isPrioritized = market === 'on-demand' && fleet.onDemandAllocation === 'prioritized';
  return fleet.instanceTypes.flatMap((InstanceType, position) =>
    fleet.subnetIds.map((SubnetId) => ({ InstanceType, SubnetId, Priority: isPrioritized ? position : undefined })),
  );
}

/** A fleet may give some instances and errors for others. Without any instance, the errors say why. */
function outcomeOf(answer: XmlElement): LaunchOutcome {
  const instances = elementsAt(answer, 'fleetInstanceSet', 'item', 'instanceIds', 'item');
  if (instances.length > 0) return { kind: 'ok', instanceIds: instances.map(({ text }) => text) };
  const errors = elementsAt(answer, 'errorSet', 'item');
  const kind = fleetFaultOf(errors.map((error) => textAt(error, 'errorCode')));
  return {
    kind,
    detail: detailOf(errors.map((error) => `${textAt(error, 'errorCode')} ${textAt(error, 'errorMessage')}`)),
  };
}

/** Each message once: overrides fail alike. */
const detailOf = (messages: readonly string[]) => [...new Set(messages)].join('; ').trim().slice(0, MOST_DETAIL);
