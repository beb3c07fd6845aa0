import type { Runner } from '../../core/ports.ts';

/** A runner as GitHub's replies have it. */
export interface RunnerBody {
  readonly id: number;
  readonly name: string;
  readonly status: string;
  readonly busy: boolean;
  readonly labels?: readonly { readonly name: string }[];
}

export interface RunnerListBody {
  readonly total_count?: unknown;
  readonly runners?: readonly RunnerBody[];
}

export const runnerOf = ({ id, name, status, busy, labels = [] }: RunnerBody): Runner => ({
  id,
  name,
  online: status === 'online',
  busy,
  labels: labels.map((label) => label.name),
});
