/** Every minute: compares what stands open with GitHub and EC2. What this run can not do, the next one does. */
import { RECONCILE_ENV } from '../constructs/contract.ts';
import { CodedError } from '../core/codes.ts';
import { reconcile } from '../core/reconcile/reconcile.ts';
import { installationOn } from './installation-of.ts';
import { launchingWith } from './launching.ts';
import { jsonIn, readEnv } from './read-env.ts';
import { writeLog } from './write-log.ts';

const { owner, allowedForeignRunners, ...env } = readEnv(RECONCILE_ENV, ['allowedForeignRunners']);
const alarms = allowedForeignRunners ? { allowedForeignRunners: jsonIn<string[]>(allowedForeignRunners) } : {};
const load = launchingWith(env);
const installationOf = installationOn(owner);

/** An error that has a code is no bug: AWS, GitHub, or the setup that somebody has yet to finish. */
export async function handler(_: unknown, { awsRequestId: run }: { readonly awsRequestId: string }): Promise<void> {
  try {
    const { app, deps } = await load();
    const installationId = await installationOf(app);
    const { deliveries } = app;
    writeLog({
      ...{ event: 'reconcile', run },
      ...(await reconcile({ ...deps, ...alarms, deliveries, runId: run, installationId })),
    });
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    writeLog({ event: 'reconcile', run, kind: 'failed', reason: error.reason, error: error.message });
  }
}
