import { RemovalPolicy, aws_secretsmanager as secretsmanager } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { MayflyFunction } from './mayfly-function';

/** A secret without any value: until somebody sets one, what reads it answers `not-configured`. */
export function emptySecret(scope: Construct, id: string, description: string): secretsmanager.ISecret {
  const secret = new secretsmanager.CfnSecret(scope, id, { description });
  secret.applyRemovalPolicy(RemovalPolicy.DESTROY);
  acknowledge(secret, 'AwsSolutions-SMG4', 'GitHub, not AWS, makes and rotates what lies in it.');
  return secretsmanager.Secret.fromSecretCompleteArn(scope, `${id}Reference`, secret.ref);
}

/** Only to read the value: not to describe, list or change it. */
export function allowSecret(reader: MayflyFunction, secret: secretsmanager.ISecret): void {
  reader.allow({
    actions: ['secretsmanager:GetSecretValue'],
    // Secrets Manager adds six characters to a name; whoever imports by name does not know them.
    resources: [secret.secretFullArn ?? `${secret.secretArn}-??????`],
  });
  secret.encryptionKey?.grantDecrypt(reader.role);
}
