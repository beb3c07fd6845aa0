import { App, Stack, aws_secretsmanager as secretsmanager } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { ensureBundles, theOne } from './constructs-test-support.ts';
import { Launcher, Reconciler, RunnerCache, RunnerNetwork, RunnerPool, Webhook } from './index.ts';

ensureBundles();

function makeParts(deploymentId?: string) {
  const stack = new Stack(new App(), 'Stack');
  const secret = new secretsmanager.Secret(stack, 'Secret');
  const launcher = new Launcher(stack, 'Launcher', { appSecret: secret, deploymentId });
  const { queue, stateTable, mailboxTable } = launcher;
  const { deploymentId: id } = launcher;
  const webhook = new Webhook(stack, 'Webhook', { owner: 'acme', deploymentId: id, queue, secret, installationId: 7 });
  const cache = new RunnerCache(stack, 'Cache', {
    owner: 'acme',
    appSecret: secret,
    stateTable,
    runnerVersion: '2.330.0',
  });
  const pool = new RunnerPool(stack, 'pool', {
    labels: ['linux'],
    owner: 'acme',
    deploymentId: launcher.deploymentId,
    mailboxTable,
    bucket: cache.bucket,
    network: new RunnerNetwork(stack, 'Network'),
  });
  const reconciler = new Reconciler(stack, 'Reconciler', { launcher, owner: 'acme' });
  for (const part of [webhook, launcher, reconciler, cache]) part.addPool(pool);
  return { stack, launcher };
}

test('the parts can be put together without a fleet', () => {
  const { stack } = makeParts('prod1');
  Template.fromStack(stack).resourceCountIs('AWS::Lambda::Function', 4);
  const variablesOf = (part: string) => theOne(stack, 'AWS::Lambda::Function', part).Properties.Environment.Variables;
  expect(variablesOf('Dispatch').MAYFLY_DEPLOYMENT).toBe('prod1');
  expect(variablesOf('Reconcile')).toMatchObject({ MAYFLY_OWNER: 'acme', MAYFLY_DEPLOYMENT: 'prod1' });
  expect(variablesOf('Webhook')).toMatchObject({ MAYFLY_INSTALLATION_ID: '7', MAYFLY_DEPLOYMENT: 'prod1' });
  expect(variablesOf('Cache')).toMatchObject({ MAYFLY_PLATFORMS: 'linux-x64', MAYFLY_RUNNER_VERSION: '2.330.0' });
  expect(theOne(stack, 'AWS::SSM::Parameter').Properties.Name).toBe('/mayfly/prod1/pool');
});

test('a deployment id must fit tags, names and keys', () => {
  expect(() => makeParts('Prod_1')).toThrow(/MF3015 .*"Prod_1"/);
});
