/**
 * The service that the stand-in runner talks to; mounted at `/_runner` of the GitHub stand-in. It has the shape of the
 * official runner's service (one session, long polls, acquire, renew, complete), but a protocol of its own, which bash
 * can speak without a JSON parser.
 *
 * Every request carries `Authorization: Bearer <clientId>`, the id from the runner's JIT config. Every reply is text:
 * the first line is the outcome, each further line a bash assignment whose value is single-quoted, safe to `eval`.
 * J stands for /sessions/<session>/jobs/<job>.
 *
 * | request                    | body                  | outcome                                                   |
 * |----------------------------|-----------------------|-----------------------------------------------------------|
 * | POST /sessions             | Runner-Version header | ok: session_id; 409 conflict; 404 deleted                 |
 * | GET /sessions/<s>/message  |                       | long poll: job: job_id, job_name; none; 404 deleted       |
 * | DELETE /sessions/<s>       |                       | ok                                                        |
 * | POST J/acquire             |                       | ok: job_repository, job_timeout_ms; 404 gone              |
 * | GET J/watch                |                       | renews, then long poll: go-on; cancelled; 404 gone        |
 * | POST J/log                 | bytes                 | ok                                                        |
 * | POST J/next                | result of a step or - | step: step_* (see `stepReply`); done; cancelled; 404 gone |
 * | POST J/finish              | end, result or -      | ok. end: ran, cancelled, timed-out                        |
 *
 * A result is a form: number, exitCode, timedOut (yes or empty), env, output, path (texts), log (bytes not sent yet).
 * 401 unauthorized: no such id, or another's session. `acquire` and a step's result may be repeated after a lost reply.
 */
import { TextDecoder } from 'node:util';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { longPoll } from '../runner/long-poll.ts';
import { quote, stepReply } from '../runner/step-reply.ts';
import type { StepCommand } from '../workflow/types.ts';
import type { AcquiredJob, RunnerBackend } from './runner-backend.ts';

export interface RunnerServiceOptions {
  /** How long a long poll waits, in milliseconds. Default 50 000, as GitHub's. */
  readonly pollMs?: number;
}

/** One megabyte of log and three files that a step wrote. More is refused with 413. */
const MAX_BODY_BYTES = 16_000_000;

interface Session {
  readonly id: string;
  readonly clientId: string;
  /** Keeps a character together that two pieces of the log share. */
  readonly logDecoder: TextDecoder;
  job?: AcquiredJob;
  /** Handed out and not finished: what is handed out again when the reply was lost. */
  step?: StepCommand;
  /** Closed, or its runner was deleted. */
  over?: boolean;
}

/** A request inside a session. */
interface Call {
  readonly context: Context;
  readonly backend: RunnerBackend;
  readonly session: Session;
  /** Empty outside a job. */
  readonly jobId: string;
}

/** Puts `backend` on HTTP. Holds nothing but open sessions. */
export function runnerService(backend: RunnerBackend, options: RunnerServiceOptions = {}): Hono {
  const timeoutMs = options.pollMs ?? 50_000;
  const sessions = new Map<string, Session>();

  const inSession = (handle: (call: Call) => Response | Promise<Response>) => async (context: Context) => {
    const session = sessions.get(context.req.param('session') ?? '');
    if (session === undefined) return reply(context, 'deleted');
    if (bearer(context) !== session.clientId) return reply(context, 'unauthorized');
    const response = await handle({ context, backend, session, jobId: context.req.param('job') ?? '' });
    if (session.over) sessions.delete(session.id);
    return response;
  };

  const service = new Hono();
  service.use(bodyLimit({ maxSize: MAX_BODY_BYTES }));
  service.post('/sessions', (context) => openSession(context, backend, sessions));
  service.get('/sessions/:session/message', inSession(message(timeoutMs)));
  service.delete('/sessions/:session', inSession(closeSession));
  service.post('/sessions/:session/jobs/:job/acquire', inSession(acquire));
  service.get('/sessions/:session/jobs/:job/watch', inSession(watch(timeoutMs)));
  service.post('/sessions/:session/jobs/:job/log', inSession(appendLog));
  service.post('/sessions/:session/jobs/:job/next', inSession(next));
  service.post('/sessions/:session/jobs/:job/finish', inSession(finish));
  return service;
}

const STATUS = { conflict: 409, deleted: 404, gone: 404, unauthorized: 401, malformed: 400 } as const;

function reply(context: Context, outcome: string, values: Readonly<Record<string, string>> = {}): Response {
  const lines = Object.entries(values).map(([name, value]) => `${name}=${quote(value)}\n`);
  return context.text(`${outcome}\n${lines.join('')}`, STATUS[outcome as keyof typeof STATUS] ?? 200);
}

const bearer = (context: Context) => /^Bearer (.+)$/.exec(context.req.header('Authorization') ?? '')?.[1];

function openSession(context: Context, backend: RunnerBackend, sessions: Map<string, Session>): Response {
  const clientId = bearer(context);
  if (clientId === undefined) return reply(context, 'unauthorized');
  const connected = backend.connect(clientId, context.req.header('Runner-Version') ?? '');
  if (connected.kind !== 'ok') return reply(context, connected.kind);
  const { sessionId: id } = connected;
  sessions.set(id, { id, clientId, logDecoder: new TextDecoder() });
  return reply(context, 'ok', { session_id: id });
}

const message =
  (timeoutMs: number) =>
  async ({ context, backend, session }: Call) => {
    const polled = await untilAnswer(context, backend, timeoutMs, () => {
      const answer = backend.poll(session.id);
      return answer.kind === 'none' ? undefined : answer;
    });
    if (polled?.kind === 'job')
      return reply(context, 'job', { job_id: polled.job.id, job_name: polled.job.displayName });
    session.over = polled?.kind === 'deleted';
    return reply(context, polled?.kind ?? 'none');
  };

const watch =
  (timeoutMs: number) =>
  async ({ context, backend, session, jobId }: Call) => {
    const order = await untilAnswer(context, backend, timeoutMs, () => {
      const renewed = backend.renew(session.id, jobId);
      return renewed === 'go-on' ? undefined : renewed;
    });
    return reply(context, order ?? 'go-on');
  };

const untilAnswer = <T>(context: Context, backend: RunnerBackend, timeoutMs: number, ask: () => T | undefined) =>
  longPoll(ask, { onChange: (listener) => backend.onChange(listener), timeoutMs, signal: context.req.raw.signal });

function closeSession({ context, backend, session }: Call): Response {
  session.over = true;
  backend.disconnect(session.id);
  return reply(context, 'ok');
}

function acquire({ context, backend, session, jobId }: Call): Response {
  if (session.job?.id !== jobId) {
    const acquired = backend.acquire(session.id, jobId);
    if (acquired.kind === 'gone') return reply(context, 'gone');
    session.job = acquired.job;
    session.step = undefined;
  }
  return reply(context, 'ok', {
    job_repository: session.job.repository,
    job_timeout_ms: String(session.job.timeoutMs),
  });
}

async function appendLog(call: Call): Promise<Response> {
  log(call, await call.context.req.arrayBuffer());
  return reply(call.context, 'ok');
}

async function next(call: Call): Promise<Response> {
  const { context, backend, session, jobId } = call;
  takeResult(call, await form(context));
  if (session.step === undefined) {
    const given = backend.nextStep(session.id, jobId);
    if (given.kind !== 'step') return reply(context, given.kind);
    session.step = given.step;
  }
  return reply(context, 'step', stepReply(session.step));
}

async function finish(call: Call): Promise<Response> {
  const { context, backend, session, jobId } = call;
  const body = await form(context);
  const end = text(body, 'end');
  if (end !== 'ran' && end !== 'cancelled' && end !== 'timed-out') return reply(context, 'malformed');
  takeResult(call, body);
  if (session.job?.id === jobId) backend.finishJob(session.id, jobId, end);
  session.job = undefined;
  return reply(context, 'ok');
}

type Form = Readonly<Record<string, string | File | ArrayBuffer>>;

async function form(context: Context): Promise<Form> {
  const body = (await context.req.parseBody()) as Record<string, string | File>;
  return body.log instanceof File ? { ...body, log: await body.log.arrayBuffer() } : body;
}

const text = (body: Form, name: string) => (typeof body[name] === 'string' ? body[name] : '');

/** Passes on the result of the step that was handed out; of any other it is a repetition. */
function takeResult(call: Call, body: Form): void {
  const { backend, session, jobId } = call;
  if (session.step === undefined || text(body, 'number') !== String(session.step.number)) return;
  session.step = undefined;
  if (body.log instanceof ArrayBuffer) log(call, body.log);
  backend.finishStep(session.id, jobId, {
    exitCode: /^\d{1,3}$/.test(text(body, 'exitCode')) ? Number(text(body, 'exitCode')) : 1,
    ...(text(body, 'timedOut') === 'yes' && { timedOut: true }),
    envFile: text(body, 'env'),
    outputFile: text(body, 'output'),
    pathFile: text(body, 'path'),
  });
}

function log({ backend, session, jobId }: Call, bytes: ArrayBuffer): void {
  const piece = session.logDecoder.decode(bytes, { stream: true });
  if (piece !== '') backend.log(session.id, jobId, piece);
}
