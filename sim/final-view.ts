/** What is left when a world ends. */
export interface FinalView {
  /** Whether it ended because nothing was left to do. Otherwise its time was up. */
  readonly isSettled: boolean;
  /** Whether faults could strike at all. */
  readonly isFaultless: boolean;
  readonly atMs: number;
  /** Jobs of ours that no runner ran and nobody cancelled. */
  readonly waitingJobs: readonly string[];
  readonly liveInstances: readonly string[];
  /** Records at GitHub that carry a name of ours. */
  readonly runners: readonly string[];
  readonly deployments: readonly DeploymentView[];
  /** Jobs of ours that were ever queued. */
  readonly jobs: number;
  readonly launches: number;
  /** Instances beyond the jobs that faults excuse, by fault. */
  readonly excused: Readonly<Record<string, number>>;
}

export interface DeploymentView {
  readonly messages: number;
  /** Sort keys of what stands open in the table. */
  readonly open: readonly string[];
  /** Capacity still reserved, by pool. */
  readonly reserved: Readonly<Record<string, number>>;
}
