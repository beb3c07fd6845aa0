/**
 * An instance that does by script what the boot script does on a machine: with its own role's credentials through the
 * gate it takes its letter out of the mailbox and fetches the runner; then it is that runner, in the model.
 */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DynamoDBClient, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { MotoAccess } from '../moto.ts';
import { userIdOf } from './gate/evaluate.ts';
import { RUNNER_VERSION } from './github.ts';
import type { Stage } from './stage.ts';

const LETTER_MS = 15_000;
const POLL_MS = 100;

export interface ScriptedInstance {
  readonly id: string;
  /** With its role's credentials, through the gate. */
  readonly access: MotoAccess;
  readonly userId: string;
  /** Takes the letter, fetches the runner, connects. @throws Error when no letter comes within 15 s. */
  boot(): Promise<void>;
  /** Takes the job that GitHub gives it, whichever that is. @throws Error when it gets none. */
  startJob(): void;
  /** Runs the job that it took to its end. */
  finishJob(): void;
  /** Both. */
  runJob(): void;
  /** Tells GitHub that it still lives and works: after the stage's clock was moved. */
  renew(): void;
  /** Reports and powers off: what its launch template says happens. */
  powerOff(): Promise<void>;
}

/** As EC2 gives an instance its role: by the instance profile of its launch template. */
export async function enterInstance(stage: Stage, id: string): Promise<ScriptedInstance> {
  const ec2 = new EC2Client(stage.moto.access);
  const described = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  ec2.destroy();
  const profile = described.Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile?.Arn ?? '';
  const role = stage.deployed.roleOfProfile(profile);
  if (role === undefined) throw new Error(`${id} has no role: its profile is "${profile}"`);
  const principal = await stage.deployed.principal(role, id);
  const access = {
    endpoint: stage.gate.url,
    region: stage.moto.access.region,
    credentials: stage.gate.admit(principal),
  };
  return scripted(stage, id, access, userIdOf(principal));
}

function scripted(stage: Stage, id: string, access: MotoAccess, userId: string): ScriptedInstance {
  const { model } = stage.github;
  const db = new DynamoDBClient({ ...access, maxAttempts: 1 });
  let session = '';
  let jobId = '';
  const update = (input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>) =>
    db.send(new UpdateItemCommand({ TableName: stage.names.mailboxTable, Key: { id: { S: userId } }, ...input }));
  const startJob = () => {
    const polled = model.poll(session);
    if (polled.kind !== 'job') throw new Error(`${id} was given no job`);
    jobId = polled.job.id;
    model.acquire(session, jobId);
  };
  const finishJob = () => {
    while (model.nextStep(session, jobId).kind === 'step') model.finishStep(session, jobId, { exitCode: 0 } as never);
    model.finishJob(session, jobId, 'ran');
  };
  return {
    ...{ id, access, userId },
    boot: async () => {
      const [key = '', sha256, jitConfig = ''] = (await takeLetter(update)).split(' ');
      const runner = await fetchObject(access, stage.names.bucket, key);
      if (createHash('sha256').update(runner).digest('hex') !== sha256) throw new Error('the runner is another');
      const connected = model.connect(clientIdIn(jitConfig), RUNNER_VERSION);
      if (connected.kind !== 'ok') throw new Error(`the runner could not connect: ${connected.kind}`);
      session = connected.sessionId;
      model.poll(session);
    },
    startJob,
    finishJob,
    runJob: () => {
      startJob();
      finishJob();
    },
    renew: () => void (jobId === '' ? model.poll(session) : model.renew(session, jobId)),
    powerOff: async () => {
      model.disconnect(session);
      await update({
        UpdateExpression: 'SET boot = :b',
        ExpressionAttributeValues: { ':b': { S: '{"code":"done"}' } },
      });
      db.destroy();
      await stage.control.happen(id, 'shutdown');
    },
  };
}

type Update = (input: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>) => Promise<{
  Attributes?: Readonly<Record<string, { S?: string }>>;
}>;

/** The update of the boot script's `TAKE`. */
export const TAKE = {
  UpdateExpression: 'SET jit = :used, takenAt = :t',
  ConditionExpression: 'attribute_exists(jit) AND jit <> :used',
  ExpressionAttributeValues: { ':used': { S: 'used' }, ':t': { S: '1' } },
  ReturnValues: 'UPDATED_OLD',
} as const;

async function takeLetter(update: Update): Promise<string> {
  const deadline = Date.now() + LETTER_MS;
  while (Date.now() < deadline) {
    const reply = await update(TAKE).catch((error: Error) => {
      if (error.name !== 'ConditionalCheckFailedException') throw error;
    });
    const letter = reply?.Attributes?.jit?.S;
    if (letter !== undefined) return letter;
    await pause(POLL_MS);
  }
  throw new Error('no letter came');
}

async function fetchObject(access: MotoAccess, Bucket: string, Key: string): Promise<Uint8Array> {
  const s3 = new S3Client({ ...access, forcePathStyle: true });
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  const bytes = await Body?.transformToByteArray();
  s3.destroy();
  return bytes ?? new Uint8Array();
}

const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64').toString());

const clientIdIn = (jitConfig: string): string => decode(decode(jitConfig)['.credentials']).Data.clientId;
