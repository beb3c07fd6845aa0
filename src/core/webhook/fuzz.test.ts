import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseMessage } from '../messages.ts';
import { routeJob } from '../route-job.ts';
import { readEvent } from './read-event.ts';
import { queuedPayload, sign, webhook } from './webhook-test-support.ts';

const RUNS = { numRuns: 1_000 };
const original = JSON.stringify(queuedPayload());

test('1,000 random bodies with any signature: 401, nothing happens', async () => {
  const bodies = fc.oneof(fc.string({ unit: 'binary' }), fc.json(), fc.base64String());
  const signatures = fc.oneof(
    fc.constant(undefined),
    fc.string(),
    fc.string().map((text) => `sha256=${text}`),
  );
  await fc.assert(
    fc.asyncProperty(bodies, signatures, fc.boolean(), async (body, signature, isBase64Encoded) => {
      const hook = webhook();
      const answer = await hook.send({
        body,
        isBase64Encoded,
        headers: { 'x-hub-signature-256': signature, 'x-github-event': 'workflow_job' },
      });
      expect(answer.status).toBe(401);
      expect(hook.sent).toEqual([]);
    }),
    RUNS,
  );
});

/** One character replaced, removed or inserted; always another text. */
const mutations = fc
  .record({
    at: fc.nat(original.length - 1),
    remove: fc.nat(1),
    insert: fc.string({ maxLength: 2 }),
  })
  .map(({ at, remove, insert }) => original.slice(0, at) + insert + original.slice(at + remove))
  .filter((body) => body !== original);

test('1,000 payloads changed after they were signed: 401, nothing happens', async () => {
  await fc.assert(
    fc.asyncProperty(mutations, async (body) => {
      const hook = webhook();
      const answer = await hook.send({
        body,
        headers: { 'x-hub-signature-256': sign(original), 'x-github-event': 'workflow_job' },
      });
      expect(answer.status).toBe(401);
      expect(hook.sent).toEqual([]);
    }),
    RUNS,
  );
});

/** Any value at any path of the payload. */
const deepMutations = fc
  .record({ path: fc.array(fc.nat(40), { minLength: 1, maxLength: 4 }), value: fc.jsonValue(), drop: fc.boolean() })
  .map(({ path, value, drop }) => {
    const payload = queuedPayload() as unknown as Record<string, unknown>;
    let node = payload;
    for (const [depth, step] of path.entries()) {
      const keys = Object.keys(node);
      const key = keys[step % keys.length];
      if (key === undefined) break;
      const child = node[key];
      if (depth < path.length - 1 && typeof child === 'object' && child !== null) {
        node = child as Record<string, unknown>;
      } else {
        if (drop) delete node[key];
        else node[key] = value;
        break;
      }
    }
    return JSON.stringify(payload);
  });

test('1,000 payloads changed and then signed: no crash, no 5xx, a message only if it still routes', async () => {
  const seen = new Set<number>();
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutations, deepMutations), async (body) => {
      const hook = webhook();
      const answer = await hook.deliver(body);
      seen.add(answer.status);
      expect([200, 202, 400]).toContain(answer.status);
      expect(hook.sent).toHaveLength(answer.status === 202 ? 1 : 0);
      if (answer.status !== 202) return;
      expect(parseMessage(hook.sent[0] as string)).toBeDefined();
      const event = readEvent(JSON.parse(body));
      expect(event && routeJob(event.labels, event.repository, hook.deps.config?.pools ?? []).kind).toBe('pool');
    }),
    RUNS,
  );
  expect([...seen].sort()).toEqual([200, 202, 400]);
});
