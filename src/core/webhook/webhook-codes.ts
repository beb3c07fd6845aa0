/** Codes of what the webhook answers, apart from the others: all their texts would be half of its bundle. */
export interface CodeText {
  readonly code: string;
  /** What happened. */
  readonly says: string;
  /** What to do. */
  readonly next: string;
}

export const WEBHOOK = {
  'body-too-large': {
    code: 'MF1001',
    says: 'The request body is larger than 1 MB; GitHub sends 7 to 200 kB for a workflow_job.',
    next: 'Check that it is GitHub who calls. Nothing was read beyond the limit.',
  },
  'signature-missing': {
    code: 'MF1002',
    says: 'The request carries no X-Hub-Signature-256.',
    next: "Set a webhook secret in the GitHub App's settings.",
  },
  'signature-mismatch': {
    code: 'MF1003',
    says: 'The signature fits none of the configured secrets.',
    next: 'Compare the secret of the GitHub App with the one that is stored for this deployment.',
  },
  'malformed-json': {
    code: 'MF1004',
    says: 'The body is signed, but it is not JSON.',
    next: 'Set the content type of the webhook to application/json.',
  },
  'malformed-event': {
    code: 'MF1005',
    says: 'The body is signed JSON, but lacks what a workflow_job event must have.',
    next: 'Report it with the delivery id: GitHub may have changed the event.',
  },
  'not-configured': {
    code: 'MF1006',
    says: 'The deployment is not set up yet: a setting or the webhook secret is missing.',
    next: 'Finish the setup; GitHub can redeliver what it sent meanwhile for 3 days.',
  },
  'queue-unavailable': {
    code: 'MF1007',
    says: 'The launch queue did not accept the event.',
    next: 'Nothing to do: a failed delivery is redelivered.',
  },
} as const satisfies Record<string, CodeText>;

export const IGNORED = {
  'other-event': {
    code: 'MF1101',
    says: 'Not a workflow_job event.',
    next: 'Nothing to do. Subscribe the App to "Workflow job" only, to save calls.',
  },
  ping: { code: 'MF1102', says: "GitHub's ping: the webhook is set up.", next: 'Nothing to do.' },
  'other-action': { code: 'MF1103', says: 'An action of workflow_job that we do not know.', next: 'Nothing to do.' },
  'foreign-owner': {
    code: 'MF1104',
    says: 'The event is signed with our secret, but belongs to another account or installation.',
    next: 'Make the App private, or uninstall it there.',
  },
  'too-old': {
    code: 'MF1105',
    says: 'The job was created more than 30 days ago: GitHub has cancelled it.',
    next: 'Re-run the job.',
  },
  'no-labels': {
    code: 'MF1106',
    says: 'The job has no labels, so no pool can be chosen (`runs-on` with a group alone).',
    next: 'Add a label to `runs-on`.',
  },
  'no-pool': {
    code: 'MF1107',
    says: "No pool has all of the job's labels.",
    next: 'Correct `runs-on`, or add the label to a pool. GitHub-hosted jobs end here, rightly.',
  },
  'repository-not-allowed': {
    code: 'MF1108',
    says: "A pool has the job's labels, but does not serve its repository.",
    next: "Add the repository to the pool's allowed repositories.",
  },
  'public-repository': {
    code: 'MF1109',
    says: "A pool has the job's labels, but does not serve public repositories: anybody can open a pull request there.",
    next: 'Allow public repositories for the pool if every contributor may run code on it.',
  },
} as const satisfies Record<string, CodeText>;

export type WebhookFault = keyof typeof WEBHOOK;
export type IgnoreReason = keyof typeof IGNORED;
