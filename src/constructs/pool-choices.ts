/** Operating system and processor of a pool. */
export enum PoolPlatform {
  /** Linux on x86-64. */
  LINUX_X64 = 'linux-x64',
  /** Linux on Graviton. */
  LINUX_ARM64 = 'linux-arm64',
  /** Windows Server on x86-64. Jobs run as a user without administrator's rights. Not yet seen to run. */
  WINDOWS_X64 = 'windows-x64',
}

/** How a pool's instances are paid for. */
export enum InstanceMarket {
  /** Never reclaimed by EC2 while a job runs. */
  ON_DEMAND = 'on-demand',
  /** About a third of the price; EC2 may reclaim an instance with two minutes' notice, and its job fails. */
  SPOT = 'spot',
  /** Spot, and on-demand for what spot has no capacity for. */
  SPOT_WITH_FALLBACK = 'spot-with-fallback',
}

/** How EC2 chooses among the types and zones of a pool on the spot market. */
export enum SpotAllocation {
  /** Where an interruption is least likely, and of those the cheapest. */
  PRICE_CAPACITY_OPTIMIZED = 'price-capacity-optimized',
  /** Where an interruption is least likely. */
  CAPACITY_OPTIMIZED = 'capacity-optimized',
  /** The cheapest. */
  LOWEST_PRICE = 'lowest-price',
  /** Spread evenly. */
  DIVERSIFIED = 'diversified',
}

/** How EC2 chooses among the types and zones of a pool at on-demand prices. */
export enum OnDemandAllocation {
  /** The cheapest. */
  LOWEST_PRICE = 'lowest-price',
  /** In the order of the pool's instance types. */
  PRIORITIZED = 'prioritized',
}
