/** What a machine lays down for its job: the hook that refuses, what the log says of the machine, who may be root. */
import { gunzipSync } from 'node:zlib';
import { afterEach, expect, test } from 'vitest';
import { COMPLETED, JIT_CONFIG, LISTENING, RUNNING } from './boot-rig.ts';
import { type MachineRig, type MachineRigOptions, openMachineRig } from './machine-rig.ts';

let rig: MachineRig;
afterEach(() => rig.close());

/** Gives what a job printed, a line each. */
async function runJob(steps: string, options: MachineRigOptions = {}): Promise<string[]> {
  const listener = [LISTENING, RUNNING, `{ ${steps}\n} 2>&1 | sed 's/^/job> /'`, COMPLETED].join('\n');
  rig = await openMachineRig({ listener, ...options });
  await rig.give('i-1');
  rig.start('i-1');
  const { report, log } = await rig.ended('i-1');
  expect(report?.code).toBe('done');
  return [...log.matchAll(/job> ([^\r\n]*)/g)].map(([, line]) => line as string);
}

/** Calls the hook as the runner does. */
const HOOK = `. ./.env
hook() { printf '%s' "$2" >event.json
  GITHUB_REPOSITORY=$1 GITHUB_EVENT_PATH=$PWD/event.json bash -e "$ACTIONS_RUNNER_HOOK_JOB_STARTED"; echo "$?"; }`;

test('the hook belongs to root, refuses what the pool refuses, and then runs the own one of the pool', async () => {
  const policy = { repositories: ['acme/app'], publicRepositories: false, forkPullRequests: false };
  const files = { 'opt/own.sh': 'echo "own hook of $(id -un)"\n' };
  const lines = await runJob(
    `${HOOK}
    stat -c '%U %a' "$ACTIONS_RUNNER_HOOK_JOB_STARTED" /opt/mayfly
    hook acme/app '{"repository":{"private":true}}'
    hook acme/other '{"repository":{"private":true}}'
    hook acme/app '{"repository":{"private":false}}'`,
    { files, boot: { policy, hooks: { jobStarted: '/opt/own.sh' } } },
  );
  const refused = '::error::MF1317 job-refused: this pool does not run jobs of';
  expect(lines).toEqual([
    ...['root 755', 'root 755', 'own hook of runner', '0'],
    ...[`${refused} acme/other`, '1', `${refused} public repositories`, '1'],
  ]);
});

test('the log of a job begins with what its machine is', async () => {
  const [line] = await runJob('cat .setup_info');
  expect(JSON.parse(line ?? '')).toEqual([
    { group: 'Mayfly', detail: 'i-1, m7i.large, ami-00000000000000001, eu-west-1a' },
  ]);
});

test('jobs may become root, as at GitHub, and no pool that forbids it lets them', async () => {
  expect(await runJob('sudo -n id -un')).toEqual(['root']);
  await rig.close();
  expect((await runJob('sudo -n id -un || echo no', { boot: { sudo: false } })).at(-1)).toBe('no');
});

test('a proxy and certificates are there for the runner', async () => {
  const caCertificates = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const proxy = { https: 'http://proxy.invalid:3128', direct: ['127.0.0.1'] };
  const files = { 'usr/sbin/update-ca-certificates': '#!/bin/sh\nexit 0\n' };
  expect(
    await runJob('cat .env; cat "$(sed -n s/NODE_EXTRA_CA_CERTS=//p .env)"', {
      files,
      boot: { caCertificates, proxy },
    }),
  ).toEqual([
    ...['LANG=C.UTF-8', 'https_proxy=http://proxy.invalid:3128', 'no_proxy=169.254.169.254,127.0.0.1'],
    ...['NODE_EXTRA_CA_CERTS=/opt/mayfly/ca.pem', ...caCertificates.trim().split('\n')],
  ]);
});

test('a runner that is baked in is not fetched', async () => {
  const listener = [LISTENING, RUNNING, COMPLETED].join('\n');
  const files = {
    'opt/actions-runner/.sha256': '5'.repeat(64),
    'opt/actions-runner/bin/Runner.Listener': `#!/bin/bash\n${listener}\n`,
  };
  rig = await openMachineRig({ files });
  await rig.give('i-1', { runnerSha256: '5'.repeat(64) });
  rig.start('i-1');
  expect((await rig.ended('i-1')).report?.code).toBe('done');
  expect(rig.events.map(({ kind }) => kind)).not.toContain('runner-fetched');
});

test("a link in the runner's logs leads to nothing that the job may not read", async () => {
  await runJob(
    'mkdir _diag; ln -s /etc/shadow _diag/shadow.log; echo mine >_diag/mine.log; sudo sh -c "echo root:secret >/etc/shadow"',
  );
  const stored = rig.events.flatMap((event) =>
    event.kind === 'logs-stored' ? [gunzipSync(event.body).toString()] : [],
  );
  expect(stored.join()).toContain('mine');
  expect(stored.join()).toContain('Running job: build');
  expect(stored.join()).not.toContain('root:secret\n');
});

/** Not in argv, not in an environment, not in user data, not in a log. */
test('the JIT config is nowhere but in the files of the runner', async () => {
  const half = JIT_CONFIG.length >> 1;
  const [from, to] = [JIT_CONFIG.slice(half - 30, half), JIT_CONFIG.slice(half, half + 30)];
  const search = `needle='${from}'; needle+='${to}'
    sudo bash -c 'cat >/run/needle' <<<"$needle"
    sudo grep -rlF -f /run/needle /etc /opt /root /run /tmp /var/log /var/lib/cloud /var/tmp /proc/[0-9]*/{cmdline,environ} 2>/dev/null
    echo searched`;
  expect(await runJob(search)).toEqual(['/run/needle', 'searched']);
});
