import { expect, test } from 'vitest';
import type { PoolParameter } from '../../constructs/contract.ts';
import { aPool } from '../../core/pool-test-support.ts';
import type { AwsCaller, AwsRequest } from './call-aws.ts';
import { readPools } from './pools.ts';

const { fleet, launchTemplate, ...same } = aPool();
const parameterOf = (name: string): PoolParameter => ({
  ...same,
  ...fleet,
  name,
  launchTemplateId: launchTemplate.id,
  launchTemplateVersion: launchTemplate.version,
});

test('a parameter becomes a pool; ten are asked for at once', async () => {
  const asked: string[][] = [];
  const call = async ({ body }: AwsRequest) => {
    const { Names } = JSON.parse(body);
    asked.push(Names);
    const Parameters = Names.map((Name: string) => ({ Name, Value: JSON.stringify(parameterOf(Name.slice(1))) }));
    return { kind: 'reply', status: 200, text: JSON.stringify({ Parameters }) } as const;
  };
  const names = Array.from({ length: 12 }, (_, n) => `/pool-${n}`);
  const pools = await readPools({ call } as unknown as AwsCaller, names);
  expect(asked.map(({ length }) => length)).toEqual([10, 2]);
  expect(pools.size).toBe(12);
  expect(pools.get('pool-11')).toEqual(aPool({ name: 'pool-11' }));
});
