import { expect, test } from 'vitest';
import { limits } from '../../core/limits.ts';
import { LocalWebhookSecrets } from './webhook-secrets.ts';

test('remembers the secrets; a fresh read looks again, at most once per limit', async () => {
  let now = 1_000;
  const secrets = new LocalWebhookSecrets(() => now, ['old']);
  expect(await secrets.read()).toEqual(['old']);
  secrets.change(['new', 'old']);
  expect(await secrets.read()).toEqual(['old']);
  expect(await secrets.read({ fresh: true })).toEqual(['old']);
  now += limits.secretRereadMs - 1;
  expect(await secrets.read({ fresh: true })).toEqual(['old']);
  expect(secrets.reads).toBe(1);
  now += 1;
  expect(await secrets.read({ fresh: true })).toEqual(['new', 'old']);
  expect(await secrets.read({ fresh: true })).toEqual(['new', 'old']);
  expect(secrets.reads).toBe(2);
});

test('"not configured" is not remembered', async () => {
  const secrets = new LocalWebhookSecrets(() => 0, undefined);
  expect(await secrets.read()).toBeUndefined();
  secrets.change(['first']);
  expect(await secrets.read()).toEqual(['first']);
  expect(secrets.reads).toBe(2);
});
