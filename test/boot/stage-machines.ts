/**
 * The instances of a stage as machines: each that moto launches boots with the user data of its launch template, its
 * role's credentials come from its metadata, and DynamoDB and S3 are the gate. Two lines of the user data are replaced:
 * the stage speaks HTTP for AWS, at an address that is not AWS's.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DescribeInstanceAttributeCommand, EC2Client } from '@aws-sdk/client-ec2';
import { type Machine, startMachine } from '../../src/rehearsal/hosts/nspawn-machine.ts';
import { doorTo, httpDoor } from '../../src/rehearsal/hosts/open-doors.ts';
import { answerMetadata } from '../../src/rehearsal/instance-services/answer-metadata.ts';
import type { KnownInstance } from '../../src/rehearsal/instance-services/types.ts';
import type { InstanceChange } from '../aws/stage/moto-control.ts';
import { enterInstance } from '../aws/stage/scripted-instance.ts';
import type { Stage } from '../aws/stage/stage.ts';

const METADATA = '169.254.169.254';

export class StageMachines {
  /** Instances in the order in which they ended, and how. */
  readonly ends: { readonly id: string; readonly how: string; readonly isGone: boolean; readonly log: string }[] = [];
  readonly faults: unknown[] = [];
  readonly run = `stage-${process.pid}`;
  /** Each makes another script of the user data of one of the next machines: what befalls it. */
  readonly spoils: ((script: string) => string)[] = [];
  readonly #rootfs: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'stage-machines-'));
  readonly #machines = new Map<string, Machine>();
  readonly #ended: Promise<void>[] = [];
  #stage: Stage | undefined;

  constructor(rootfs: string) {
    this.#rootfs = rootfs;
  }

  /** The stage whose changes are heard: it exists only after it was told of this. */
  join(stage: Stage): void {
    this.#stage = stage;
  }

  readonly onInstance = ({ instanceId, state }: InstanceChange): void => {
    if (state === 'running') this.#ended.push(this.#boot(instanceId).catch((error) => void this.faults.push(error)));
    if (state === 'shutting-down' || state === 'terminated') this.#machines.get(instanceId)?.stop();
  };

  /** Ends all; resolves when they are gone. */
  async close(): Promise<void> {
    for (const machine of this.#machines.values()) machine.stop();
    await Promise.all(this.#ended);
    rmSync(this.#folder, { recursive: true });
  }

  async #boot(id: string): Promise<void> {
    const stage = this.#stage as Stage;
    const spoil = this.spoils.shift() ?? ((script: string) => script);
    const { access, userId } = await enterInstance(stage, id);
    const credentials = access.credentials as KnownInstance['credentials'];
    const known: KnownInstance = {
      id,
      path: id,
      userId,
      credentials,
      tokens: new Map(),
      userData: spoil(await userDataOf(stage, id)),
    };
    const logFile = join(this.#folder, `${id}.log`);
    const machine = startMachine({
      ...{ name: `mayfly-${this.run}-${id}`, marker: `MAYFLY_INSTANCE=${this.run}/${id}`, logFile },
      rootfs: this.#rootfs,
      trust: readFileSync(stage.github.certificate, 'utf8'),
      doors: [
        httpDoor(METADATA, 80, metadataOf(known, access.region)),
        doorTo('127.0.0.1', stage.gate.port),
        doorTo('127.0.0.1', stage.github.port),
      ],
    });
    this.#machines.set(id, machine);
    const { how, isGone } = await machine.ended;
    this.#machines.delete(id);
    stage.gate.dismiss(credentials.accessKeyId);
    this.ends.push({ id, how, isGone, log: readFileSync(logFile, 'utf8') });
    if (how !== 'stopped') await stage.control.happen(id, 'shutdown');
  }
}

async function userDataOf(stage: Stage, InstanceId: string): Promise<string> {
  const ec2 = new EC2Client(stage.moto.access);
  const asked = new DescribeInstanceAttributeCommand({ InstanceId, Attribute: 'userData' });
  const { UserData } = await ec2.send(asked);
  ec2.destroy();
  const text = Buffer.from(UserData?.Value ?? '', 'base64').toString();
  if (!text.startsWith('#!/bin/bash\n')) throw new Error(`the user data of ${InstanceId} are no script: ${text}`);
  return text
    .replace(/^DYNAMODB_ENDPOINT=''$/m, `DYNAMODB_ENDPOINT='${stage.gate.url}'`)
    .replace(/^S3_ENDPOINT=''$/m, `S3_ENDPOINT='${stage.gate.url}/${stage.names.bucket}'`);
}

const metadataOf =
  (instance: KnownInstance, region: string): RequestListener =>
  ({ method = 'GET', url = '/', headers }, response) => {
    const request = { method, url, headers: headers as Record<string, string>, body: Buffer.alloc(0) };
    const facts = { region, domain: 'amazonaws.com', now: Date.now() };
    const { status, type, body } = answerMetadata(url, request, instance, facts);
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(body);
  };
