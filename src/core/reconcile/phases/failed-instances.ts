/** Jobs whose instance EC2 ended itself: a key that the volume may not use, a quota, a reclaim. EC2 says so in its list. */
import type { Action } from '../actions.ts';
import type { Snapshot } from '../snapshot.ts';

/** An end that the instance or we asked for says nothing of why. */
const OWN = new Set(['Client.InstanceInitiatedShutdown', 'Client.UserInitiatedShutdown']);

export function findFailedInstances({ parts: { jobs, instances = [] } }: Snapshot): readonly Action[] {
  const reasons = new Map(instances.map(({ id, stateReason }) => [id, stateReason]));
  return jobs.flatMap((job): Action[] => {
    const stateReason = job.reason === 'instance-lost' ? reasons.get(job.lostInstanceId ?? '') : undefined;
    return stateReason && !OWN.has(stateReason) ? [{ kind: 'explain-job', job, stateReason }] : [];
  });
}
