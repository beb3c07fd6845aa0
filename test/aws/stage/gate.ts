/**
 * The gate before moto: what AWS's front doors do and moto leaves out. It verifies signatures, knows each caller by its
 * access key, evaluates the deployed policies of the caller's role, and refuses in the words of the service. It also
 * throttles, refuses and loses replies when a test wants that.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import {
  type Credentials,
  type SignedRequest,
  verifySigV4,
} from '../../../src/rehearsal/instance-services/verify-sigv4.ts';
import { evaluate, type Principal } from './gate/evaluate.ts';
import type { GateFacts, Need } from './gate/need.ts';
import { needsOf, toLearnOfAbsence } from './gate/needs.ts';
import { type AwsCall, readCall, serviceOf } from './gate/read-call.ts';
import { denialCode, type Refusal, refusal } from './gate/refusal.ts';

/** One call that came to the gate. `outcome`: `forwarded`, or the code of the refusal. */
export interface GateEntry {
  readonly caller: string;
  readonly session: string;
  readonly call: string;
  readonly outcome: string;
  /** Which need was not met, or which fault was asked for. */
  readonly detail?: string;
}

/** Befalls the next calls that match. `lose-reply`: it is done, and the connection breaks before the answer. */
export interface GateFault {
  /** `ec2:CreateFleet`; the name is the API's. */
  readonly call: string;
  readonly kind: 'lose-reply' | 'refuse';
  /** Of a refusal: `RequestLimitExceeded`, `ThrottlingException` ... */
  readonly code?: string;
  readonly times: number;
}

/** Detail of an entry whose refusal a test asked for. */
const A_FAULT = 'a fault of the test';
const DENIALS = /^(AccessDenied|UnauthorizedOperation|SignatureDoesNotMatch|MissingAuth|Unrecognized|InvalidToken|X)/;

interface Guest {
  readonly principal: Principal;
  readonly credentials: Required<Credentials>;
}

export async function openGate(motoEndpoint: string, facts: GateFacts): Promise<Gate> {
  const gate = new Gate(motoEndpoint, facts);
  await gate.listen();
  return gate;
}

export class Gate {
  readonly entries: GateEntry[] = [];
  private readonly motoEndpoint: string;
  private readonly facts: GateFacts;
  private readonly guests = new Map<string, Guest>();
  private readonly faults: { readonly fault: GateFault; left: number }[] = [];
  /** Policies do not change once deployed, so neither does a decision. */
  private readonly decisions = new Map<string, Promise<string>>();
  private readonly server: Server;

  constructor(motoEndpoint: string, facts: GateFacts) {
    this.motoEndpoint = motoEndpoint;
    this.facts = facts;
    this.server = createServer((incoming, response) => {
      this.serve(incoming, response).catch((error: Error) => {
        this.note({ call: incoming.url ?? '', outcome: 'broken', detail: `${error.stack}` });
        response.writeHead(500).end();
      });
    });
  }

  async listen(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Refusals for want of permission or of a right signature. */
  denials(): GateEntry[] {
    return this.entries.filter(({ outcome, detail }) => DENIALS.test(outcome) && detail !== A_FAULT);
  }

  /** Credentials of a new session of a role. */
  admit(principal: Principal): Required<Credentials> {
    const credentials = newCredentials();
    this.guests.set(credentials.accessKeyId, { principal, credentials });
    return credentials;
  }

  /** From now on its credentials are worth nothing. */
  dismiss(accessKeyId: string): void {
    this.guests.delete(accessKeyId);
  }

  addFault(fault: GateFault): void {
    this.faults.push({ fault, left: fault.times });
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '/' } = incoming;
    // By the clock of the stage: the SDK corrects its own by it.
    response.setHeader('date', new Date(Date.now()).toUTCString());
    const request = { method, url, headers: flat(incoming), body: await buffer(incoming) };
    const service = serviceOf(request);
    const verdict = verifySigV4(request, {
      service,
      region: this.facts.region,
      now: Date.now(),
      findCredentials: (id) => this.guests.get(id)?.credentials,
    });
    if (verdict.kind === 'refused') {
      this.note({ call: `${service} ${method} ${url}`, outcome: verdict.code, detail: verdict.detail });
      return answer(response, refusal(service, verdict.code, verdict.detail));
    }
    const { principal } = this.guests.get(verdict.accessKeyId) as Guest;
    return this.serveGuest(principal, request, response);
  }

  private async serveGuest(principal: Principal, request: SignedRequest, response: ServerResponse): Promise<void> {
    const call = readCall(request);
    const name = `${call.service}:${call.name}`;
    const note = (outcome: string, detail?: string) =>
      this.note({
        ...{ caller: principal.roleName, session: principal.session, call: name, outcome },
        ...(detail === undefined ? {} : { detail }),
      });
    const unmet = await this.findUnmet(principal, call);
    if (unmet !== undefined) {
      const code = denialCode(call.service);
      note(code, unmet);
      return answer(response, refusal(call.service, code, `not authorized: ${unmet}`));
    }
    const fault = this.takeFault(name);
    if (fault?.kind === 'refuse') {
      const { code = 'RequestLimitExceeded' } = fault;
      note(code, A_FAULT);
      return answer(response, refusal(call.service, code, A_FAULT));
    }
    const reply = await pass(this.motoEndpoint, request);
    const secret = reply.status === 404 ? toLearnOfAbsence(call) : undefined;
    if (secret && (await this.decide(principal, secret)) !== 'allowed') {
      note('forwarded', 'absence is not told');
      return answer(response, refusal('s3', denialCode('s3'), 'Access Denied'));
    }
    note('forwarded', fault && 'the reply was lost');
    if (fault) response.destroy();
    else response.writeHead(reply.status, reply.headers).end(reply.body);
  }

  private note(entry: Partial<GateEntry> & Pick<GateEntry, 'call' | 'outcome'>): void {
    this.entries.push({ caller: '?', session: '?', ...entry });
  }

  /** The first thing that the policies of the caller do not allow, in words. */
  private async findUnmet(principal: Principal, call: AwsCall): Promise<string | undefined> {
    const needs = await needsOf(call, this.facts);
    const results = await Promise.all(needs.map((need) => this.decide(principal, need)));
    const position = results.findIndex((result) => result !== 'allowed');
    const need = needs[position];
    return need && `${results[position]}: ${need.action} on ${need.resource} with ${JSON.stringify(need.context)}`;
  }

  private decide(principal: Principal, need: Need): Promise<string> {
    const key = JSON.stringify([principal.roleId, principal.session, need]);
    const known = this.decisions.get(key) ?? evaluate(principal, need);
    this.decisions.set(key, known);
    return known;
  }

  private takeFault(call: string): GateFault | undefined {
    const found = this.faults.find(({ fault, left }) => left > 0 && fault.call === call);
    if (found) found.left -= 1;
    return found?.fault;
  }
}

const newCredentials = () => ({
  accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
  secretAccessKey: randomBytes(20).toString('hex'),
  sessionToken: randomBytes(60).toString('base64'),
});

const flat = ({ headers }: IncomingMessage) =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );

const answer = (response: ServerResponse, { status, type, body }: Refusal) => {
  response.writeHead(status, { 'content-type': type }).end(body);
};

/** As it came, signature and all: moto finds service and region in it. */
async function pass(endpoint: string, { method, url, headers, body }: SignedRequest) {
  const { connection: _, 'transfer-encoding': __, ...kept } = headers;
  const sent = forward(`${endpoint}${url}`, {
    method,
    headers: { ...kept, 'content-length': String(body.length) } as Record<string, string>,
  });
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve);
    sent.once('error', reject);
    sent.end(body);
  });
  const { connection: ___, date: ____, ...replyHeaders } = incoming.headers;
  return { status: incoming.statusCode ?? 500, headers: replyHeaders, body: await buffer(incoming) };
}
