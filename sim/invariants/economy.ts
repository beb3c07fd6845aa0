/** No instance without a reason: one for each job, and one for each that a fault took away. */
import type { MakeInvariant } from './invariant.ts';

export const frugal: MakeInvariant = () => ({
  name: 'no launch without a reason',
  end({ launches, jobs, excused, isFaultless }) {
    if (isFaultless && launches !== jobs) return [`${launches} launches for ${jobs} jobs without any fault`];
    const allowed = Object.values(excused).reduce((sum, count) => sum + count, 0);
    if (launches <= jobs + allowed) return [];
    const list = Object.entries(excused).map(([fault, count]) => `${fault} ${count}`);
    return [`${launches} launches for ${jobs} jobs; faults excuse ${allowed} (${list.join(', ')})`];
  },
});

/** At most 1.1 calls a job on the fast path. A job that lost its runner is asked about once more. */
export const fewGitHubCalls: MakeInvariant = () => {
  let calls = 0;
  return {
    name: 'few calls to GitHub',
    see(happening) {
      if (happening.kind === 'github-call' && happening.role === 'dispatch' && happening.call !== 'findJob') calls += 1;
      return undefined;
    },
    end: ({ isFaultless, jobs }) =>
      isFaultless && calls > Math.ceil(jobs * 1.1) ? [`dispatch made ${calls} calls for ${jobs} jobs`] : [],
  };
};

/** Listings grow with the fleet: the fast path must not. */
export const noListingOnFastPath: MakeInvariant = () => ({
  name: 'dispatch lists nothing',
  see(happening) {
    const isList =
      happening.kind === 'instances-listed' || (happening.kind === 'github-call' && happening.call === 'listRunners');
    return isList && happening.role === 'dispatch' ? 'dispatch reads a list' : undefined;
  },
});
