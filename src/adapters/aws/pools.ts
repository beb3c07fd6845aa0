/** The pools of a deployment, one SSM parameter each. */
import type { PoolParameter } from '../../constructs/contract.ts';
import { CodedError } from '../../core/codes.ts';
import type { Pool } from '../../core/types.ts';
import type { AwsCaller } from './call-aws.ts';
import { callJson } from './call-json.ts';

/** GetParameters takes no more at once. */
const NAMES_PER_CALL = 10;

interface Parameters {
  readonly Parameters?: readonly { readonly Name: string; readonly Value: string }[];
  /** Names that are not there. */
  readonly InvalidParameters?: readonly string[];
}

/** By name. @throws CodedError `not-configured` when one is missing or malformed, `settings-unreadable`. */
export async function readPools(caller: AwsCaller, names: readonly string[]): Promise<ReadonlyMap<string, Pool>> {
  const chunks = Array.from({ length: Math.ceil(names.length / NAMES_PER_CALL) }, (_, at) =>
    names.slice(at * NAMES_PER_CALL, (at + 1) * NAMES_PER_CALL),
  );
  const pools = (await Promise.all(chunks.map((some) => readSome(caller, some)))).flat();
  return new Map(pools.map((pool) => [pool.name, pool]));
}

async function readSome(caller: AwsCaller, names: readonly string[]): Promise<Pool[]> {
  const call = { service: 'ssm', target: 'AmazonSSM.GetParameters', version: '1.1', input: { Names: names } } as const;
  const read = await callJson<Parameters>(caller, call).catch((error: Error) => {
    throw new CodedError('settings-unreadable', error.message);
  });
  const [missing] = read.InvalidParameters ?? [];
  if (missing) throw new CodedError('not-configured', `The parameter ${missing} is not there.`);
  return (read.Parameters ?? []).map(({ Name, Value }) => toPool(Name, Value));
}

function toPool(name: string, value: string): Pool {
  let parameter: PoolParameter;
  try {
    parameter = JSON.parse(value);
  } catch {
    throw new CodedError('not-configured', `The parameter ${name} is not JSON.`);
  }
  const {
    instanceTypes,
    subnetIds,
    spotAllocation,
    onDemandAllocation,
    launchTemplateId: id,
    launchTemplateVersion: version,
    ...same
  } = parameter;
  return {
    ...same,
    fleet: { instanceTypes, subnetIds, spotAllocation, onDemandAllocation },
    launchTemplate: { id, version },
  };
}
