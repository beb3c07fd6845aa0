/** The text of a secret in Secrets Manager. */
import type { AwsCaller } from './call-aws.ts';
import { callJson } from './call-json.ts';

/** @throws AwsError */
export async function readSecret(caller: AwsCaller, secretArn: string, timeoutMs?: number): Promise<string> {
  const { SecretString } = await callJson<{ readonly SecretString?: string }>(caller, {
    service: 'secretsmanager',
    target: 'secretsmanager.GetSecretValue',
    version: '1.1',
    input: { SecretId: secretArn },
    timeoutMs,
  });
  return SecretString ?? '';
}
