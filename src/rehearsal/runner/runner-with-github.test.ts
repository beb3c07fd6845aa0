import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { appKey } from '../../../test/unit/github/stand-in.ts';
import { organization, World } from '../../../test/unit/github/world.ts';
import { jobHook } from '../../boot/linux/job-hook.ts';
import { runnerService } from '../github/runner-service.ts';
import { serveGitHub } from '../github/serve-github.ts';
import { readWorkflow } from '../workflow/read-workflow.ts';
import { startRun } from '../workflow/start-run.ts';
import { writeRunner } from './build-runner-tarball.ts';
import { TEST_TIMES } from './testing/start-test-runner.ts';

// Real processes on a busy machine.
vi.setConfig({ testTimeout: 20_000 });

const WORKFLOW = `
on: push
env: { WHO: "it's \${{ github.repository }}" }
jobs:
  build:
    runs-on: [self-hosted, linux]
    steps:
      - id: first
        run: |
          echo "GREETING=hello $WHO" >> "$GITHUB_ENV"
          echo "answer=42" >> "$GITHUB_OUTPUT"
      - run: echo "$GREETING, \${{ steps.first.outputs.answer }}" && pwd
      - run: exit 7
      - { if: always(), run: echo "always $GITHUB_JOB" }
      - run: echo never
`;

/** Runs the workflow on a runner whose `.env` is given; gives the world after it, and the job's log. */
async function runWorkflow(text: string, makeEnv: (folder: string) => string = () => '') {
  const folder = mkdtempSync(join(tmpdir(), 'mayfly-together-'));
  const world = new World({ hook: undefined });
  const server = await serveGitHub({
    model: world.model,
    appPublicKey: appKey.publicKey,
    runnerService: runnerService(world.model),
  });
  try {
    await writeRunner(folder, '2.336.0', TEST_TIMES);
    writeFileSync(join(folder, '.env'), makeEnv(folder));
    const jit = world.model.createJitConfig(organization, {
      name: 'mf-1',
      runnerGroupId: 1,
      labels: ['self-hosted', 'linux'],
    });
    if (jit.kind !== 'ok') throw new Error(jit.kind);
    const env = { PATH: process.env.PATH, ACTIONS_RUNNER_INPUT_JITCONFIG: jit.encodedJitConfig };
    const runner = spawn(join(folder, 'bin/Runner.Listener'), ['run'], { env, cwd: folder, stdio: 'ignore' });
    const ended = new Promise((resolve) => runner.once('close', resolve));
    await vi.waitFor(() => expect(world.runnerStory()).toContain('mf-1 online'), { timeout: 5_000 });
    const workflow = await readWorkflow('ci.yml', text);
    world.model.addRun((context) => startRun(workflow, context), 'octo-org/closed');
    expect(await ended).toBe(0);
    expect(world.runnerNames()).toEqual([]);
    const id = Number(world.events.flatMap((event) => (event.kind === 'job-queued' ? [event.job.id] : []))[0]);
    return { folder, story: world.jobStory(), log: world.model.jobLog(id) };
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the model of GitHub, the service and the runner together run a workflow', async () => {
  const { folder, story, log } = await runWorkflow(WORKFLOW);
  expect(story).toEqual(['queued build', 'started build mf-1', 'completed build mf-1 failure']);
  expect(log).toContain("hello it's octo-org/closed, 42\n");
  expect(log).toContain(`${folder}/_work/closed/closed\n`);
  expect(log).toContain('##[error]Process completed with exit code 7.\nalways build\n');
  expect(log).not.toContain('never');
});

test('a job that its pool does not allow fails before its first step, and its log says why', async () => {
  const policy = { repositories: ['octo-org/open'], publicRepositories: false, forkPullRequests: false };
  const { story, log } = await runWorkflow(WORKFLOW, (folder) => {
    execFileSync('bash', ['-c', `mkdir -p "$ROOT/opt/mayfly"\n${jobHook(policy, undefined)}`], {
      env: { ...process.env, ROOT: folder },
    });
    return `ACTIONS_RUNNER_HOOK_JOB_STARTED=${folder}/opt/mayfly/job-started.sh\n`;
  });
  expect(story).toEqual(['queued build', 'started build mf-1', 'completed build mf-1 failure']);
  expect(log).toContain('::error::MF1317 job-refused: this pool does not run jobs of octo-org/closed\n');
  expect(log).not.toMatch(/hello|always/);
});
