import { packagesCommand } from '../boot/linux/packages';
import { BUCKET_PREFIX } from './contract';
import type { PoolPlatform } from './pool-choices';

export interface ImageContents {
  readonly bucketName: string;
  readonly platform: PoolPlatform;
  readonly docker: boolean;
  readonly setupCommands: readonly string[];
}

/**
 * What Image Builder does on the instance of which it makes the image, and then on one that was started from it.
 * https://docs.aws.amazon.com/imagebuilder/latest/userguide/toe-use-documents.html
 */
export function imageComponent({ bucketName, platform, docker, setupCommands }: ImageContents): object {
  const folder = `${BUCKET_PREFIX.runner}${platform}/`;
  const download = [{ source: `s3://${bucketName}/${folder}*`, destination: `${PACKAGES}/` }];
  return {
    schemaVersion: 1,
    phases: [
      {
        name: 'build',
        steps: [
          // As the boot does where an image lacks something. It then makes the user anew, and gives it what the pool says.
          bashStep('Packages', [
            'cd /',
            'useradd runner',
            `(${packagesCommand({ docker })})`,
            'userdel --remove runner',
          ]),
          bashStep('Folder', [`mkdir -p ${PACKAGES} ${RUNNER}`]),
          { name: 'Runner', action: 'S3Download', inputs: download },
          bashStep('Unpack', UNPACK),
          ...setupCommands.map((command, n) => bashStep(`Setup${n + 1}`, [command])),
        ],
      },
      { name: 'test', steps: [bashStep('Works', [...WORKS, ...(docker ? ['docker --version'] : [])])] },
    ],
  };
}

/** Of one component document. */
export const COMPONENT_CHARACTERS = 16_000;

/** Where the boot script looks for it: src/boot/render-linux.ts. */
const RUNNER = '/opt/actions-runner';
const PACKAGES = '/var/tmp/mayfly-packages';

/**
 * The newest by its version. The boot compares the sha256 beside it with that of the package that its runner is sent for:
 * when the cache has moved on since, it fetches that one. A package is named after the beginning of its sha256.
 */
const UNPACK = [
  `cd ${PACKAGES}`,
  'package=$(find . -name "*.tar.gz" -printf "%f\\n" | sort -V | tail -n 1)',
  '[ "$package" ] || { echo "no runner package is in the cache yet"; exit 1; }',
  'sha256=$(sha256sum "$package" | cut -d" " -f1)',
  'case $package in *-"$(echo "$sha256" | cut -c1-12)".tar.gz) ;; *) echo "$package is corrupt"; exit 1 ;; esac',
  `tar -xzf "$package" -C ${RUNNER} --no-same-owner`,
  `echo "$sha256" >${RUNNER}/.sha256`,
  `cd / && rm -r ${PACKAGES}`,
];

const WORKS = [
  `test -s ${RUNNER}/.sha256`,
  `RUNNER_ALLOW_RUNASROOT=1 ${RUNNER}/bin/Runner.Listener --version`,
  'git --version',
];

const bashStep = (name: string, lines: readonly string[]) => ({
  name,
  action: 'ExecuteBash',
  inputs: { commands: [['set -eu', ...lines].join('\n')] },
});
