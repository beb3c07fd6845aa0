import { Annotations, aws_ec2 as ec2, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { InstanceMarket, PoolPlatform } from './pool-choices';
import type { RunnerPoolOptions } from './pool-options';
import { SynthError, type SynthFault } from './synth-error';

/** Names of GitHub's own runners: ubuntu-latest, ubuntu-24.04-arm, windows-2025, macos-15-xlarge and their kind. */
const HOSTED = /^(ubuntu|windows|macos)-(latest|slim|\d+(\.\d+)?)(-(arm|intel|large|xlarge|vs\d+|\d+-cores?))*$/i;

/** @throws SynthError for what can not work, in the words of who wrote the pool. */
export function checkPool(construct: IConstruct, name: string, owner: string, options: RunnerPoolOptions): void {
  const refuse = (fault: SynthFault, got: string): never => {
    throw new SynthError(fault, `Pool "${name}": ${got}.`);
  };
  if (!/^[a-z0-9-]{1,32}$/.test(name)) refuse('pool-name', 'that is its name');
  if (options.platform === PoolPlatform.WINDOWS_X64) checkWindows(options, refuse);
  checkLabels(options.labels, refuse);
  for (const repository of [options.repository ?? [], options.allowedRepositories ?? []].flat()) {
    checkRepository(repository, owner, refuse);
  }
  checkLimits(options, refuse);
  warn(construct, name, options);
}

/** Of what works, but hardly as it is meant. */
function warn(construct: IConstruct, name: string, options: RunnerPoolOptions): void {
  if (options.rerunReclaimed && (options.market ?? InstanceMarket.ON_DEMAND) === InstanceMarket.ON_DEMAND) {
    Annotations.of(construct).addWarningV2(
      'mayfly:rerun-reclaimed',
      `Pool "${name}" has rerunReclaimed, but its market is on-demand: EC2 takes only spot instances back.`,
    );
  }
  if (options.allowedRepositories && options.runnerGroupId === undefined && options.repository === undefined) {
    Annotations.of(construct).addWarningV2(
      'mayfly:allowed-repositories',
      `Pool "${name}" has allowedRepositories, but no runnerGroupId. GitHub gives an idle runner to any job with fitting ` +
        'labels that its runner group admits: make a group with the same repositories and name it here.',
    );
  }
}

type Refuse = (fault: SynthFault, got: string) => never;

/** What Windows has not, and what its image is too large for. */
function checkWindows(options: RunnerPoolOptions, refuse: Refuse): void {
  for (const name of ['docker', 'jobSudo'] as const) {
    if (options[name] !== undefined) refuse('platform-option', `${name} is ${options[name]}, on windows-x64`);
  }
  const gibibytes = options.rootVolumeSize?.toGibibytes();
  if (gibibytes !== undefined && gibibytes < 30) {
    refuse('platform-option', `rootVolumeSize is ${gibibytes} GiB, and images of Windows Server have 30`);
  }
}

function checkLabels(labels: readonly string[], refuse: Refuse): void {
  if (labels.length === 0) refuse('pool-labels', 'it has no label');
  for (const label of labels) {
    if (HOSTED.test(label)) refuse('hosted-label', `the label is ${JSON.stringify(label)}`);
    if (Token.isUnresolved(label) || !/^[^\s,]{1,256}$/.test(label)) {
      refuse('pool-labels', `the label is ${JSON.stringify(label)}`);
    }
  }
}

function checkRepository(repository: string, owner: string, refuse: Refuse): void {
  const [its = '', name, ...more] = repository.split('/');
  if (!name || more.length > 0 || its.toLowerCase() !== owner.toLowerCase()) {
    refuse('repository-name', `it says ${JSON.stringify(repository)}, and the owner is ${JSON.stringify(owner)}`);
  }
}

function checkLimits(options: RunnerPoolOptions, refuse: Refuse): void {
  const between = (name: string, value: number | undefined, low: number, high: number) => {
    if (value === undefined || (Number.isInteger(value) && value >= low && value <= high)) return;
    refuse('pool-limit', `${name} is ${value}, not a whole number from ${low} to ${high}`);
  };
  between('maxRunners', options.maxRunners, 1, 10_000);
  between('runnerGroupId', options.runnerGroupId, 1, Number.MAX_SAFE_INTEGER);
  between('priority', options.priority, -1_000_000, 1_000_000);
  between('idleTimeout in seconds', options.idleTimeout?.toSeconds(), 30, 86_400);
  between('bootDeadline in seconds', options.bootDeadline?.toSeconds(), 30, 3_600);
  // GitHub ends a job of a self-hosted runner after five days.
  between('maxJobDuration in seconds', options.maxJobDuration?.toSeconds(), 60, 5 * 86_400);
  between('rootVolumeSize in GiB', options.rootVolumeSize?.toGibibytes(), 8, 16_384);
}

const DEFAULT_TYPES = {
  x64: ['m7i.large', 'm7a.large', 'm6i.large', 'm6a.large'],
  arm64: ['m8g.large', 'm7g.large', 'm6g.large'],
};

/** The pool's instance types, all of the platform's processor. */
export function instanceTypesOf(name: string, platform: PoolPlatform, types?: readonly ec2.InstanceType[]): string[] {
  const isArm = platform === PoolPlatform.LINUX_ARM64;
  if (types === undefined) return isArm ? DEFAULT_TYPES.arm64 : DEFAULT_TYPES.x64;
  if (types.length === 0) throw new SynthError('instance-type', `Pool "${name}": instanceTypes is empty.`);
  const processor = isArm ? ec2.InstanceArchitecture.ARM_64 : ec2.InstanceArchitecture.X86_64;
  const wrong = types.find((type) => type.architecture !== processor);
  if (wrong) throw new SynthError('instance-type', `Pool "${name}": ${wrong} on ${platform}.`);
  return types.map((type) => type.toString());
}
