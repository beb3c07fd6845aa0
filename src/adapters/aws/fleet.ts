/** EC2: instances by instant fleets, one request a launch, which may be repeated under its token. */
import { TAGS } from '../../constructs/contract.ts';
import { overridesOf } from '../../core/overrides.ts';
import type { Fleet, Instance, LaunchOutcome } from '../../core/ports.ts';
import type { Launch, Override } from '../../core/types.ts';
import type { AwsCaller } from './call-aws.ts';
import { callEc2, type Ec2Value } from './call-ec2.ts';
import { fleetFaultOf, isExhaustion, isServerFault, isThrottling, launchFaultOf } from './classify-ec2.ts';
import { describeInstances } from './describe-instances.ts';
import { elementsAt, textAt, type XmlElement } from './read-xml.ts';

/** Of one try. A fleet of a hundred instances is answered in seconds; the function has 30 s in all. */
const USUAL_BOUNDS = { launchMs: 12_000, terminateMs: 5_000, listMs: 10_000 };
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
    const overrides = overridesOf(launch.fleet);
    // A request without overrides would launch whatever the template names.
    if (overrides.length === 0) return { kind: 'no-capacity', detail: 'every choice was exhausted some minutes ago' };
    const request = fleetRequest(launch, overrides, this.#deploymentId);
    const reply = await callEc2(this.#caller, 'CreateFleet', request, this.#bounds.launchMs);
    if (reply.kind === 'ok') return outcomeOf(reply.answer, launch.attemptIds.length);
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

  async list(): Promise<readonly Instance[] | 'throttled' | 'unavailable'> {
    const listed = await describeInstances(this.#caller, this.#deploymentId, { timeoutMs: this.#bounds.listMs });
    if (listed.kind === 'ok') return listed.instances;
    if (listed.kind === 'no-reply') return 'unavailable';
    const { code, status, message } = listed;
    if (isThrottling(code, status)) return 'throttled';
    if (isServerFault(code, status)) return 'unavailable';
    throw new Error(`DescribeInstances: ${status} ${code} ${message}`);
  }
}

/** Follows from the launch alone, so that a repeat is the same request. */
function fleetRequest(launch: Launch, overrides: readonly Override[], deploymentId: string): Record<string, Ec2Value> {
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
        Overrides: overrides.map((override) => choiceOf(launch, override)),
      },
    ],
    // Never `spot-instances-request`: tagging that makes every on-demand launch fail.
    TagSpecification: ['fleet', 'instance', 'volume'].map((ResourceType) => ({ ResourceType, Tag: tags })),
  };
}

/** The order of the types is their priority, where the strategy has one: 0 is the highest. */
function choiceOf({ market, fleet }: Launch, { instanceType, subnetId }: Override) {
  const isPrioritized = market === 'on-demand' && fleet.onDemandAllocation === 'prioritized';
  const Priority = isPrioritized ? fleet.instanceTypes.indexOf(instanceType) : undefined;
  return { InstanceType: instanceType, SubnetId: subnetId, Priority };
}

/** A fleet may give some instances and errors for others. Without any instance, the errors say why. */
function outcomeOf(answer: XmlElement, wanted: number): LaunchOutcome {
  const instances = elementsAt(answer, 'fleetInstanceSet', 'item', 'instanceIds', 'item');
  const errors = elementsAt(answer, 'errorSet', 'item');
  // A filled fleet has errors, too, for choices that EC2 did not need: they say nothing about the next one.
  const exhausted = instances.length < wanted ? exhaustedOf(errors) : [];
  const told = exhausted.length > 0 ? { exhausted } : {};
  if (instances.length > 0) return { kind: 'ok', instanceIds: instances.map(({ text }) => text), ...told };
  const kind = fleetFaultOf(errors.map((error) => textAt(error, 'errorCode')));
  const messages = errors.map((error) => `${textAt(error, 'errorCode')} ${textAt(error, 'errorMessage')}`);
  const detail = detailOf(messages);
  return kind === 'no-capacity' ? { kind, detail, ...told } : { kind, detail };
}

/** The choices for which EC2 had nothing, each once. */
function exhaustedOf(errors: readonly XmlElement[]): readonly Override[] {
  const found = new Map<string, Override>();
  for (const error of errors) {
    const [override] = elementsAt(error, 'launchTemplateAndOverrides', 'overrides');
    if (!override || !isExhaustion(textAt(error, 'errorCode'))) continue;
    const instanceType = textAt(override, 'instanceType');
    const subnetId = textAt(override, 'subnetId');
    if (instanceType && subnetId) found.set(`${instanceType} ${subnetId}`, { instanceType, subnetId });
  }
  return [...found.values()];
}

/** Each message once: overrides fail alike. */
const detailOf = (messages: readonly string[]) => [...new Set(messages)].join('; ').trim().slice(0, MOST_DETAIL);
