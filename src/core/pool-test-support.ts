/** For tests: a whole pool. */
import type { Pool } from './types.ts';

export const aPool = (more: Partial<Pool> = {}): Pool => ({
  name: 'linux',
  labels: ['self-hosted', 'linux', 'x64'],
  priority: 0,
  publicRepositories: false,
  platform: 'linux-x64',
  scope: { kind: 'organization', organization: 'acme' },
  runnerGroupId: 1,
  fleet: {
    instanceTypes: ['m7i.large'],
    subnetIds: ['subnet-1'],
    spotAllocation: 'price-capacity-optimized',
    onDemandAllocation: 'lowest-price',
  },
  market: 'on-demand',
  onDemandFallback: false,
  launchTemplate: { id: 'lt-1', version: '1' },
  roleId: 'AROATEST',
  maxRunners: 100,
  idleTimeoutMs: 60_000,
  bootDeadlineMs: 300_000,
  lifetimeMs: 3_600_000,
  rerunReclaimed: false,
  ...more,
});
