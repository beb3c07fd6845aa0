import { Token } from 'aws-cdk-lib';
import { type LinuxBootInput, renderLinuxBoot } from '../boot/render-linux';
import { renderWindowsBoot } from '../boot/render-windows';
import { PoolPlatform } from './pool-choices';
import { SynthError } from './synth-error';

type NamedAtDeployment = 'roleId' | 'mailboxTable' | 'bucket';

/**
 * Values of the right shape that occur nowhere else in the script. The real ones are known to the deployment alone, and
 * the script accepts nothing whose shape it could not check. As long as real names are, so that the size is right.
 */
const STAND_INS: Record<NamedAtDeployment, string> = {
  roleId: 'AROA0MAYFLY0ROLE0ID00',
  mailboxTable: 'mayfly-mailbox-table'.padEnd(100, '0'),
  bucket: 'mayfly-bucket-name'.padEnd(63, '0'),
};

/** Of a pool, whatever its platform. */
export type BootScriptInput = Omit<LinuxBootInput, 'platform'> & { readonly platform: PoolPlatform };

/** The user data of a pool, with the tokens of what only the deployment knows. */
export function bootScript(poolName: string, input: BootScriptInput): string {
  if ((input.setupCommands ?? []).some((command) => Token.isUnresolved(command))) {
    throw new SynthError('boot-script', `Pool "${poolName}": a setup command has a value that only deployment knows.`);
  }
  const script = render(poolName, { ...input, ...STAND_INS });
  return Object.entries(STAND_INS).reduce(
    (text, [name, standIn]) => text.split(standIn).join(input[name as NamedAtDeployment]),
    script,
  );
}

function render(poolName: string, { platform, ...input }: BootScriptInput): string {
  try {
    return platform === PoolPlatform.WINDOWS_X64 ? renderWindowsBoot(input) : renderLinuxBoot({ platform, ...input });
  } catch (error) {
    throw new SynthError('boot-script', `Pool "${poolName}": ${(error as Error).message}.`);
  }
}
