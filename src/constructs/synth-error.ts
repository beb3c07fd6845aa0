/**
 * What can be wrong in an app that uses the constructs, found at synth. `docs/error-codes.md` lists these too. Imports
 * nothing, so that the documents' test can read it.
 */
export const SYNTH_CODES = {
  'owner-unclear': {
    code: 'MF3001',
    says: 'A fleet needs exactly one of `organization` and `owner`.',
    next: 'Name the organisation, or as `owner` the user whose repositories are served.',
  },
  'no-pools': {
    code: 'MF3002',
    says: 'A fleet without pools can run nothing.',
    next: 'Call `addPool` at least once.',
  },
  'pool-name': {
    code: 'MF3003',
    says: 'The name of a pool has 1 to 32 characters of a-z, 0-9 and -, and is used once in a fleet.',
    next: 'Choose another id for the pool, or give it a `poolName`.',
  },
  'pool-labels': {
    code: 'MF3004',
    says: 'A pool needs at least one label of its own; a label has up to 256 characters, no comma and no blank.',
    next: 'Correct `labels`. The label self-hosted is always added.',
  },
  'hosted-label': {
    code: 'MF3005',
    says: 'The label is the name of a GitHub-hosted runner: both would take the same jobs.',
    next: 'Choose another label, and use it in `runs-on`.',
  },
  'repository-name': {
    code: 'MF3006',
    says: "A repository is written `owner/name`, and its owner is the fleet's.",
    next: 'Correct `repository` or `allowedRepositories`.',
  },
  'repository-needed': {
    code: 'MF3007',
    says: "A user's runners belong to one repository each.",
    next: 'Give the pool a `repository`, or the fleet an `organization`.',
  },
  'platform-option': {
    code: 'MF3008',
    says: 'The image or an option of a pool does not fit its platform.',
    next: 'Leave it out, or change `platform`.',
  },
  'instance-type': {
    code: 'MF3009',
    says: "An instance type has another processor than the pool's platform, or there is none.",
    next: "Correct `instanceTypes`, or the pool's `platform`.",
  },
  'pool-limit': {
    code: 'MF3010',
    says: 'A limit of the pool is out of its range.',
    next: 'Correct it: see its documentation.',
  },
  'boot-script': {
    code: 'MF3011',
    says: 'The boot script can not be made.',
    next: 'Shorten or correct `setupCommands`; put what is longer into an image of your own.',
  },
  'too-many-pools': {
    code: 'MF3012',
    says: 'What routing must know of the pools does not fit the environment of the webhook function (4 KB).',
    next: 'Use fewer pools, labels or allowed repositories, or a second fleet.',
  },
  'concurrency-range': {
    code: 'MF3013',
    says: 'The dispatch function runs 2 to 5 times at once: GitHub and EC2 throttle more.',
    next: 'Correct `maxConcurrency`.',
  },
  'github-url': {
    code: 'MF3014',
    says: 'The address of a GitHub server is `https://` and its host, and no more.',
    next: 'Correct `githubUrl`; leave it out for github.com.',
  },
  'deployment-id': {
    code: 'MF3015',
    says: 'A deployment id has 1 to 16 characters of a-z and 0-9.',
    next: 'Correct `deploymentId`, or leave it out.',
  },
  'runner-image': {
    code: 'MF3016',
    says: 'An image of runners can not be made of that.',
    next: 'Use a base image for Linux that AWS names, that you name by its id, or by a parameter below /imagebuilder/; shorten or correct `setupCommands`.',
  },
} as const;

export type SynthFault = keyof typeof SYNTH_CODES;

/** An error in the app, in the words of who wrote it: code, what is wrong, the value got, what to do. */
export class SynthError extends Error {
  public override readonly name = 'SynthError';

  constructor(fault: SynthFault, got: string) {
    super(describeFault(fault, got));
  }
}

export function describeFault(fault: SynthFault, got: string): string {
  const { code, says, next } = SYNTH_CODES[fault];
  return `${code} ${says} ${got} ${next}`;
}
