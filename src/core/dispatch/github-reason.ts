/** Why a job waits when GitHub did not do what we asked. */
import type { WaitReason } from '../codes.ts';
import type { GitHubFailure } from '../ports.ts';

export const REASON_OF: Record<GitHubFailure['kind'], WaitReason> = {
  throttled: 'github-throttled',
  unavailable: 'github-unavailable',
  auth: 'github-auth',
  refused: 'github-refused',
};
