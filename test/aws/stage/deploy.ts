/** `cdk bootstrap` and `cdk deploy` by the real CLI against moto. The assembly is deployed as it was synthesised. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { MotoAccess } from '../moto.ts';

export const ACCOUNT = '123456789012';
const DEPLOY_MS = 120_000;
const CLI = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'aws-cdk', 'bin', 'cdk');

/** `folder`: of the stage; the CLI's home and working folder are made in it. @throws Error with what the CLI said. */
export async function deploy(access: MotoAccess, assembly: string, folder: string): Promise<void> {
  // The CLI caches account ids in its home, and bootstrap in the app's folder would synthesise anew.
  const home = join(folder, 'cdk-home');
  const elsewhere = join(folder, 'elsewhere');
  for (const one of [home, elsewhere]) mkdirSync(one, { recursive: true });
  const environment = {
    PATH: process.env.PATH,
    HOME: home,
    CDK_HOME: home,
    CI: 'true',
    CDK_DISABLE_VERSION_CHECK: '1',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    AWS_ENDPOINT_URL: access.endpoint,
    AWS_REGION: access.region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_ACCESS_KEY_ID: access.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.credentials.secretAccessKey,
  };
  const cdk = (...words: string[]) => run([...words, '--no-notices', '--no-color'], elsewhere, environment);
  await cdk('bootstrap', `aws://${ACCOUNT}/${access.region}`);
  await cdk('deploy', '--app', assembly, '--all', '--require-approval', 'never');
}

async function run(words: string[], cwd: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...words], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-6_000);
    });
  const timer = setTimeout(() => child.kill('SIGKILL'), DEPLOY_MS);
  const [code] = await once(child, 'exit');
  clearTimeout(timer);
  if (code !== 0) throw new Error(`cdk ${words.slice(0, 2).join(' ')} ended with ${code}:\n${said}`);
}
