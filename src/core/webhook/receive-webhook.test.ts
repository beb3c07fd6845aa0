import { describe, expect, test } from 'vitest';
import { limits } from '../limits.ts';
import { parseMessage } from '../messages.ts';
import { aPool, NOW, queuedPayload, SECRET, sign, webhook, workflowJobExamples } from './webhook-test-support.ts';

describe('signature', () => {
  test("GitHub's published example is accepted", async () => {
    const hook = webhook();
    const header = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const answer = await hook.send({
      body: 'Hello, World!',
      headers: { 'x-hub-signature-256': header, 'x-github-event': 'workflow_job' },
    });
    expect(answer).toMatchObject({ status: 400, body: { reason: 'malformed-json' } });
  });

  const body = JSON.stringify(queuedPayload());
  const good = sign(body);
  test.each([
    ['missing', undefined, 'signature-missing'],
    ['sha1 only', 'sha1=3dca279e731c97c38e3019a075dee9ebbd0a99f0', 'signature-missing'],
    ['of another secret', sign(body, 'wrong'), 'signature-mismatch'],
    ['of another body', sign(`${body} `), 'signature-mismatch'],
    ['cut short', good.slice(0, -2), 'signature-mismatch'],
    ['not hexadecimal', `sha256=${'z'.repeat(64)}`, 'signature-mismatch'],
    ['empty', 'sha256=', 'signature-missing'],
  ])('%s: 401 and nothing happens', async (_name, signature, reason) => {
    const hook = webhook();
    const answer = await hook.send({
      body,
      headers: { 'x-hub-signature-256': signature, 'x-github-event': 'workflow_job' },
    });
    expect(answer).toMatchObject({ status: 401, body: { result: 'refused', reason } });
    expect(hook.sent).toEqual([]);
  });

  test('during a rotation both secrets are accepted', async () => {
    const hook = webhook({}, ['new secret', SECRET]);
    expect((await hook.deliver(queuedPayload())).status).toBe(202);
  });

  test('an empty secret signs nothing', async () => {
    const hook = webhook({}, ['']);
    const answer = await hook.send({ body, headers: { 'x-hub-signature-256': sign(body, '') } });
    expect(answer.status).toBe(401);
  });

  test('a secret rotated meanwhile is read again, at most once per 30 s', async () => {
    const hook = webhook({}, ['old']);
    expect((await hook.deliver(queuedPayload())).status).toBe(401);
    hook.secrets.change([SECRET]);
    hook.advance(limits.secretRereadMs - 1);
    expect((await hook.deliver(queuedPayload())).status).toBe(401);
    hook.advance(1);
    expect((await hook.deliver(queuedPayload())).status).toBe(202);
  });

  test('without a secret: 500, so that GitHub keeps the delivery', async () => {
    const hook = webhook({}, []);
    expect(await hook.deliver(queuedPayload())).toMatchObject({ status: 500, body: { code: 'MF1006' } });
  });

  test('without a configuration: 500', async () => {
    const hook = webhook();
    hook.deps.config = undefined;
    expect(await hook.deliver(queuedPayload())).toMatchObject({ status: 500, body: { reason: 'not-configured' } });
  });
});

describe('body', () => {
  test('base64, as API Gateway hands over what is not text', async () => {
    const hook = webhook();
    const body = JSON.stringify(queuedPayload());
    const answer = await hook.send({
      body: Buffer.from(body).toString('base64'),
      isBase64Encoded: true,
      headers: { 'x-hub-signature-256': sign(body), 'x-github-event': 'workflow_job' },
    });
    expect(answer.status).toBe(202);
  });

  test('form-encoded: the signature is over the form, the event in its field `payload`', async () => {
    const hook = webhook();
    const form = new URLSearchParams({ payload: JSON.stringify(queuedPayload()) }).toString();
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      'x-hub-signature-256': sign(form),
      'x-github-event': 'workflow_job',
    };
    expect((await hook.send({ body: form, headers })).status).toBe(202);
    const base64 = Buffer.from(form).toString('base64');
    expect((await hook.send({ body: base64, isBase64Encoded: true, headers })).status).toBe(202);
  });

  test('text beyond ASCII is signed as UTF-8', async () => {
    const hook = webhook();
    const payload = queuedPayload((one) => {
      one.workflow_job.name = 'Prüfung ✓ 漢字';
    });
    expect((await hook.deliver(payload)).status).toBe(202);
    expect(hook.messages()[0].name).toBe('Prüfung ✓ 漢字');
  });

  test.each([
    ['text', 'a'.repeat(limits.webhookBodyBytes + 1), false],
    ['many bytes in few characters', '漢'.repeat(limits.webhookBodyBytes / 2), false],
    ['base64', Buffer.alloc(limits.webhookBodyBytes + 3).toString('base64'), true],
  ])('more than 1 MB of %s: 413, unread', async (_name, body, isBase64Encoded) => {
    const hook = webhook();
    const answer = await hook.send({ body, isBase64Encoded, headers: { 'x-hub-signature-256': sign(body) } });
    expect(answer).toMatchObject({ status: 413, body: { code: 'MF1001' } });
    expect(hook.secrets.reads).toBe(0);
  });

  test('1 MB is not too much', async () => {
    const hook = webhook();
    const payload = queuedPayload();
    const padding = limits.webhookBodyBytes - Buffer.byteLength(JSON.stringify({ ...payload, padding: '' }));
    expect((await hook.deliver({ ...payload, padding: 'x'.repeat(padding) })).status).toBe(202);
  });

  test.each([['not JSON'], [''], ['{'], ['[1,'], ['{"action":']])('signed, but %j: 400', async (body) => {
    const hook = webhook();
    expect(await hook.deliver(body)).toMatchObject({ status: 400, body: { reason: 'malformed-json' } });
  });

  test.each([['null'], ['[]'], ['"text"'], ['{}'], ['{"action":"queued"}'], ['{"workflow_job":null}']])(
    'signed JSON, but %s: 400',
    async (body) => {
      const hook = webhook();
      expect(await hook.deliver(body)).toMatchObject({ status: 400, body: { reason: 'malformed-event' } });
    },
  );
});

describe('event', () => {
  test("a queued job becomes one message with what dispatch needs, and none of the payload's rest", async () => {
    const hook = webhook();
    expect(await hook.deliver(queuedPayload())).toEqual({ status: 202, body: { result: 'queued', pool: 'linux' } });
    const payload = queuedPayload();
    expect(hook.messages()).toEqual([
      {
        kind: 'job',
        action: 'queued',
        pool: 'linux',
        jobId: String(payload.workflow_job.id),
        name: payload.workflow_job.name,
        repository: `acme/${payload.repository.name}`,
        installationId: payload.installation?.id,
        createdAt: NOW - 60_000,
        runnerName: payload.workflow_job.runner_name,
        delivery: 'a-guid',
      },
    ]);
    expect(parseMessage(hook.sent[0] as string)).toBeDefined();
  });

  test.each([
    ['ping', 'ping'],
    ['push', 'other-event'],
    ['workflow_run', 'other-event'],
  ])('%s is ignored', async (event, reason) => {
    const hook = webhook();
    const answer = await hook.deliver(queuedPayload(), { 'x-github-event': event });
    expect(answer).toMatchObject({ status: 200, body: { result: 'ignored', reason } });
    expect(hook.sent).toEqual([]);
  });

  test.each([['requested'], ['toString'], ['__proto__']])('the action %s is ignored', async (action) => {
    const hook = webhook();
    expect(await hook.deliver({ ...queuedPayload(), action })).toMatchObject({ body: { reason: 'other-action' } });
  });

  test.each([
    [
      'repository of another owner',
      (one: ReturnType<typeof queuedPayload>) => {
        one.repository.owner.login = 'stranger';
      },
    ],
    [
      'other organisation',
      (one: ReturnType<typeof queuedPayload>) => {
        one.organization = { login: 'stranger' };
      },
    ],
    [
      'other installation',
      (one: ReturnType<typeof queuedPayload>) => {
        one.installation = { id: 666 };
      },
    ],
  ])('%s: foreign, however well signed', async (_name, change) => {
    const hook = webhook({ installationId: queuedPayload().installation?.id });
    expect(await hook.deliver(queuedPayload(change))).toMatchObject({ status: 200, body: { reason: 'foreign-owner' } });
    expect(hook.sent).toEqual([]);
  });

  test('a job older than GitHub keeps any is not passed on; its end is still heard', async () => {
    const hook = webhook();
    const old = (action: string) =>
      queuedPayload((one) => {
        one.action = action;
        one.workflow_job.created_at = new Date(NOW - limits.heldJobMs - 1).toISOString();
      });
    expect(await hook.deliver(old('queued'))).toMatchObject({ body: { reason: 'too-old' } });
    expect((await hook.deliver(old('completed'))).status).toBe(202);
  });

  test('a job that would not be routed, but runs on a runner of ours, is still heard of', async () => {
    const hook = webhook();
    const taken = (runner: string) =>
      queuedPayload((one) => {
        one.action = 'in_progress';
        one.workflow_job.status = 'in_progress';
        one.workflow_job.labels = ['something-else'];
        one.workflow_job.runner_name = runner;
      });
    expect(await hook.deliver(taken('somebody-elses'))).toMatchObject({ body: { reason: 'no-pool' } });
    expect((await hook.deliver(taken('mf-test-17-1'))).status).toBe(202);
    expect(parseMessage(hook.sent[0] as string)).toMatchObject({ action: 'in_progress', runnerName: 'mf-test-17-1' });
  });

  test('a queue that refuses: 500, so that GitHub notes a failed delivery', async () => {
    const hook = webhook();
    for (const outcome of ['throttled', 'unavailable'] as const) {
      hook.failQueue(outcome);
      expect(await hook.deliver(queuedPayload())).toMatchObject({ status: 500, body: { code: 'MF1007' } });
    }
  });
});

describe("GitHub's eight example payloads", () => {
  const pools = [aPool(['ubuntu-latest', 'gpu', 'db-app', 'dc-03']), aPool(['self-hosted', 'k8s'], { name: 'k8s' })];
  const expected = [
    ['linux', 'in_progress'],
    ['linux', 'completed'],
    ['linux', 'completed'],
    ['linux', 'in_progress'],
    ['linux', 'in_progress'],
    ['linux', 'queued'],
    ['k8s', 'waiting'],
    ['k8s', 'waiting'],
  ] as const;

  test.each(expected.map((outcome, number) => [number, ...outcome] as const))(
    'number %i is routed to %s as %s',
    async (number, pool, action) => {
      const payload = workflowJobExamples()[number] as ReturnType<typeof queuedPayload>;
      const hook = webhook({ owner: payload.repository.owner.login, pools });
      hook.advance(Date.parse(String(payload.workflow_job.created_at ?? payload.workflow_job.started_at)) - NOW);
      expect(await hook.deliver(payload)).toMatchObject({ status: 202, body: { pool } });
      expect(hook.messages()).toMatchObject([{ action, jobId: String(payload.workflow_job.id) }]);
    },
  );

  test('there are eight, and none is for a deployment without such pools', async () => {
    const payloads = workflowJobExamples();
    expect(payloads).toHaveLength(8);
    for (const payload of payloads) {
      const hook = webhook({ owner: payload.repository.owner.login });
      hook.advance(Date.parse('2021-01-01') - NOW);
      expect(await hook.deliver(payload)).toMatchObject({ status: 200, body: { reason: 'no-pool' } });
    }
  });
});
