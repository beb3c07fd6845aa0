/** Boots instances, on a process host if nothing else is said, with a runner made of a few lines of bash. For tests. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LocalInstance } from '../../src/adapters/local/instance-host.ts';
import { LocalMailbox } from '../../src/adapters/local/mailbox.ts';
import { writeLetter } from '../../src/core/letter.ts';
import { aPool } from '../../src/core/pool-test-support.ts';
import type { Pool } from '../../src/core/types.ts';
import type { HostOptions, RehearsalHost } from '../../src/rehearsal/hosts/host.ts';
import { ProcessHost } from '../../src/rehearsal/hosts/process-host.ts';
import { serveInstances } from '../../src/rehearsal/instance-services/serve-instances.ts';
import type { InstanceEvent } from '../../src/rehearsal/instance-services/types.ts';

export const ROLE_ID = 'AROATESTROLE';
export const RUNNER_KEY = 'runner/2.336.0/actions-runner-linux-x64.tar.gz';
export const PRIVATE_KEY = '{"d":"the private key, with + and / in its base64: \u00fb\u00ff\u00fe"}';

const base64 = (text: string) => Buffer.from(text).toString('base64');
export const JIT_CONFIG = base64(
  JSON.stringify({
    '.runner': base64('{"AgentId":"42"}'),
    '.credentials': base64('{"Scheme":"OAuth"}'),
    '.credentials_rsaparams': base64(PRIVATE_KEY),
  }),
);

/** Lines of the official listener. */
export const LISTENING = 'echo "2026-11-24 10:00:00Z: Listening for Jobs"';
export const RUNNING = 'echo "2026-11-24 10:00:01Z: Running job: build (1)"';
export const COMPLETED = 'echo "2026-11-24 10:00:02Z: Job build (1) completed with result: Succeeded"';
export const ONE_JOB = [LISTENING, RUNNING, COMPLETED].join('\n');

/** A package of the official layout: entries start with `./`. `listener`: bash. */
export function packRunner(listener: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-pack-'));
  try {
    mkdirSync(join(folder, 'layout', 'bin'), { recursive: true });
    writeFileSync(join(folder, 'layout/bin/Runner.Listener'), `#!/bin/bash\n${listener}\n`, { mode: 0o755 });
    writeFileSync(join(folder, 'layout/run.sh'), '#!/bin/bash\nexit 1\n', { mode: 0o755 });
    execFileSync('tar', ['-czf', join(folder, 'runner.tar.gz'), '-C', join(folder, 'layout'), '.']);
    return readFileSync(join(folder, 'runner.tar.gz'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface RigOptions {
  readonly listener?: string;
  readonly bootDeadlineMs?: number;
  readonly lifetimeMs?: number;
  readonly setupCommands?: readonly string[];
  readonly idleTimeoutMs?: number;
  readonly boot?: HostOptions['boot'];
  /** Instead of a good one. */
  readonly mailbox?: LocalMailbox;
  /** Default: the package that `listener` makes. */
  readonly open?: (key: string) => Promise<Uint8Array | undefined> | Uint8Array | undefined;
}

export interface Ended {
  readonly reason: string;
  /** Tail of the boot log. */
  readonly log: string;
  /** What the boot script reported. */
  readonly report:
    | { code: string; line: number; exit: number | null; output?: string; phases: Record<string, number> }
    | undefined;
}

export type Rig<Host extends RehearsalHost = ProcessHost> = Awaited<ReturnType<typeof openRigOn<Host>>>;

export const openRig = (options: RigOptions = {}) => openRigOn((given) => new ProcessHost(given), options);

export async function openRigOn<Host extends RehearsalHost>(
  makeHost: (options: HostOptions) => Host,
  options: RigOptions = {},
) {
  const run = `test-${randomBytes(6).toString('hex')}`;
  const mailbox = options.mailbox ?? new LocalMailbox();
  const events: InstanceEvent[] = [];
  const logs = new Map<string, string>();
  const reasons = new Map<string, string>();
  const runner = packRunner(options.listener ?? ONE_JOB);
  const services = await serveInstances({
    ...{ mailbox, mailboxTable: 'mailbox', bucket: 'runner-bucket', clock: Date.now },
    open: options.open ?? ((key) => (key === RUNNER_KEY ? runner : undefined)),
    onEvent: (event) => events.push(event),
  });
  const host = makeHost({
    ...{ run, services, mailboxTable: 'mailbox', bucket: 'runner-bucket', lifetimeMs: options.lifetimeMs ?? 30_000 },
    ...(options.setupCommands === undefined ? {} : { setupCommands: options.setupCommands }),
    ...(options.boot === undefined ? {} : { boot: options.boot }),
    pauses: { pollMs: 100, relaunchMs: 50, updateMs: 300 },
    onBootLog: (id, tail) => logs.set(id, tail),
    onEnded: (id, reason) => reasons.set(id, reason),
  });
  const sha256 = createHash('sha256').update(runner).digest('hex');

  return {
    host,
    run,
    services,
    mailbox,
    events,
    start: (id: string, changes: Partial<Pool> = {}) =>
      host.start(instance(id), {
        ...{ ...pool, bootDeadlineMs: options.bootDeadlineMs ?? 20_000 },
        ...{ idleTimeoutMs: options.idleTimeoutMs ?? 20_000, ...changes },
      }),
    give: (id: string, letter: { runnerKey?: string; runnerSha256?: string } = {}) =>
      mailbox.give(
        `${ROLE_ID}:${id}`,
        writeLetter({ runnerKey: RUNNER_KEY, runnerSha256: sha256, jitConfig: JIT_CONFIG, ...letter }),
        4_000_000_000,
        { id: 42, name: id },
      ),
    async ended(id: string, withinMs?: number): Promise<Ended> {
      await until(() => reasons.has(id), withinMs);
      const [row] = await mailbox.read([`${ROLE_ID}:${id}`]);
      const report = row?.boot === undefined ? undefined : JSON.parse(row.boot);
      return { reason: reasons.get(id) ?? '', log: logs.get(id) ?? '', report };
    },
    async close(): Promise<void> {
      await host.close();
      await services.close();
    },
  };
}

/** Waits for something to become true, 20 s at most if nothing else is said. */
export async function until(holds: () => boolean, withinMs = 20_000): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${holds}`);
    await sleep(10);
  }
}

const instance = (id: string): LocalInstance => ({
  id,
  launchId: 'launch',
  pool: 'linux',
  market: 'spot',
  state: 'pending',
  launchedAt: 0,
});

const pool = aPool({ roleId: ROLE_ID, bootDeadlineMs: 20_000 });
