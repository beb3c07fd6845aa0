/** The GitHub App's credentials in Secrets Manager. */
import type { AppCredentials } from '../../constructs/contract.ts';
import { CodedError } from '../../core/codes.ts';
import type { AwsCaller } from './call-aws.ts';
import { readSecret } from './read-secret.ts';

/** @throws CodedError `not-configured` while there are none or they are incomplete, `settings-unreadable`. */
export async function readAppCredentials(caller: AwsCaller, secretArn: string): Promise<AppCredentials> {
  const text = await readSecret(caller, secretArn).catch((error: Error) => {
    // A secret that was made without a value: the setup is not finished.
    const reason = error.name === 'ResourceNotFoundException' ? 'not-configured' : 'settings-unreadable';
    throw new CodedError(reason, error.message);
  });
  return parseCredentials(text);
}

/** Says what is wrong without showing any of it. */
function parseCredentials(text: string): AppCredentials {
  const { appId, privateKey, installationId } = parseObject(text);
  const id = typeof appId === 'number' ? String(appId) : appId;
  if (typeof id !== 'string' || id === '') throw incomplete('appId');
  if (typeof privateKey !== 'string' || privateKey === '') throw incomplete('privateKey');
  if (installationId === undefined || installationId === null) return { appId: id, privateKey };
  if (!Number.isSafeInteger(Number(installationId))) throw incomplete('installationId');
  return { appId: id, privateKey, installationId: Number(installationId) };
}

const incomplete = (field: string) => new CodedError('not-configured', `The App's secret has no good ${field}.`);

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // Told below, without the text.
  }
  throw new CodedError('not-configured', "The App's secret is not a JSON object.");
}
