/** The pools of a rehearsal: the default one, or those of a YAML or JSON file. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { parse } from 'yaml';
import { CodedError } from '../core/codes.ts';
import type { Pool } from '../core/types.ts';

/** An instance boots in a second here: what idles is ended soon, so that a rehearsal ends soon. */
const IDLE_TIMEOUT_MS = 5_000;
const BOOT_DEADLINE_MS = 120_000;
/** Nobody rehearses a job of half an hour. */
export const LIFETIME_MS = 1_800_000;

const PoolFile = v.strictObject({
  pools: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,32}$/, 'a name has 1 to 32 of a-z, 0-9 and -')),
        labels: v.pipe(v.array(v.pipe(v.string(), v.nonEmpty())), v.minLength(1)),
        priority: v.optional(v.number(), 0),
        maxRunners: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), 100),
        idleTimeoutSeconds: v.optional(v.pipe(v.number(), v.minValue(1)), IDLE_TIMEOUT_MS / 1_000),
        bootDeadlineSeconds: v.optional(v.pipe(v.number(), v.minValue(1)), BOOT_DEADLINE_MS / 1_000),
        repository: v.optional(v.pipe(v.string(), v.regex(/^[^/]+\/[^/]+$/, 'owner/name'))),
      }),
    ),
    v.minLength(1),
    v.check((pools) => new Set(pools.map(({ name }) => name)).size === pools.length, 'two pools have the same name'),
  ),
});

type PoolEntry = v.InferOutput<typeof PoolFile>['pools'][number];

export const defaultPools = (organization: string): Pool[] => [
  toPool(
    {
      name: 'linux',
      labels: ['linux', 'x64'],
      priority: 0,
      maxRunners: 100,
      idleTimeoutSeconds: IDLE_TIMEOUT_MS / 1_000,
      bootDeadlineSeconds: BOOT_DEADLINE_MS / 1_000,
    },
    organization,
  ),
];

/** @throws CodedError `file-unreadable`, `pools-invalid`. */
export function readPools(file: string, organization: string): Pool[] {
  const parsed = v.safeParse(PoolFile, parseYaml(file));
  if (parsed.success) return parsed.output.pools.map((entry) => toPool(entry, organization));
  const issues = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'file'}: ${issue.message}`);
  throw new CodedError('pools-invalid', `${file}: ${issues.join('; ')}`);
}

function parseYaml(file: string): unknown {
  const text = readText(file);
  try {
    return parse(text);
  } catch (error) {
    throw new CodedError('pools-invalid', `${file}: ${(error as Error).message.split('\n')[0]}`);
  }
}

/** @throws CodedError `file-unreadable`. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CodedError('file-unreadable', `${file}: ${(error as Error).message}`);
  }
}

function toPool(entry: PoolEntry, organization: string): Pool {
  return {
    name: entry.name,
    labels: [...new Set(['self-hosted', ...entry.labels])],
    priority: entry.priority,
    ...(entry.repository ? { repository: entry.repository } : {}),
    publicRepositories: false,
    platform: 'linux-x64',
    scope: entry.repository
      ? { kind: 'repository', repository: entry.repository }
      : { kind: 'organization', organization },
    runnerGroupId: 1,
    fleet: {
      instanceTypes: ['process'],
      subnetIds: ['this-machine'],
      spotAllocation: 'price-capacity-optimized',
      onDemandAllocation: 'lowest-price',
    },
    market: 'on-demand',
    onDemandFallback: false,
    launchTemplate: { id: `lt-${entry.name}`, version: '1' },
    roleId: `AROA${entry.name.toUpperCase()}`,
    maxRunners: entry.maxRunners,
    idleTimeoutMs: entry.idleTimeoutSeconds * 1_000,
    bootDeadlineMs: entry.bootDeadlineSeconds * 1_000,
    lifetimeMs: LIFETIME_MS,
    rerunReclaimed: false,
  };
}
