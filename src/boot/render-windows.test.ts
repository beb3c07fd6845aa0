import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Node } from 'web-tree-sitter';
import { USED } from '../adapters/mail.ts';
import { CODES } from '../core/codes.ts';
import { renderLinuxBoot } from './render-linux.ts';
import { phasesOf, renderWindowsBoot, WINDOWS_BOOT_BYTES, type WindowsBootInput } from './render-windows.ts';
import { faultsIn, loadPowerShell, nodesOf } from './windows/powershell-test-support.ts';

const input: WindowsBootInput = {
  ...{ roleId: 'AROAEXAMPLE', mailboxTable: 'mayfly-mailbox', bucket: 'mayfly-runners' },
  ...{ bootDeadlineMs: 900_000, lifetimeMs: 21_600_000, idleTimeoutMs: 600_000 },
};

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\nAAAA=\n-----END CERTIFICATE-----\n';

const everything: WindowsBootInput = {
  ...input,
  setupCommands: ['choco install git -y', 'Write-Output \'it is\' | Out-File "C:\\a b.txt"\nexit 0'],
  policy: { repositories: ['acme/app', 'acme/Site'], publicRepositories: false, forkPullRequests: false },
  hooks: { jobStarted: 'C:\\hooks\\a.ps1', jobCompleted: 'C:\\hooks\\b.ps1' },
  proxy: { http: 'http://proxy:3128', https: 'http://proxy:3129', direct: ['.example.com', '10.0.0.1'] },
  caCertificates: PEM,
};

/** The part in plain text, without EC2Launch's tags: its dots and brackets are no PowerShell. */
const plainOf = (script: string) => script.replace(/^<.*>$/gm, '').replace(/\$Packed = '[^']+'/, "$Packed = ''");
const packedOf = (script: string) =>
  gunzipSync(Buffer.from(/\$Packed = '([^']+)'/.exec(script)?.[1] ?? '', 'base64')).toString();

/** All of it, in the order in which it runs. */
const wholeOf = (of: WindowsBootInput) => `${plainOf(renderWindowsBoot(of))}\n${phasesOf(of)}`;

let parse: (script: string) => Node;
beforeAll(async () => {
  parse = await loadPowerShell();
});

test('the script as a whole', () => {
  expect(plainOf(renderWindowsBoot(input))).toMatchSnapshot('in plain text');
  expect(phasesOf(everything)).toMatchSnapshot('packed');
});

test('what is packed are the phases; values that only the deployment knows are not', () => {
  const script = renderWindowsBoot(everything);
  expect(packedOf(script)).toBe(phasesOf(everything));
  for (const name of ['AROAEXAMPLE', 'mayfly-mailbox', 'mayfly-runners']) {
    expect(script).toContain(`= '${name}'\n`);
    expect(packedOf(script)).not.toContain(name);
  }
});

test('it fits, with room for setup commands', () => {
  expect(renderWindowsBoot(everything).length).toBeLessThan(WINDOWS_BOOT_BYTES - 1_000);
  const noise = Array.from({ length: 120 }, (_, n) => createHash('sha512').update(`${n}`).digest('base64')).join('');
  expect(() => renderWindowsBoot({ ...input, setupCommands: [noise] })).toThrow('more than 12288');
});

test('the parser finds no fault in any of it', () => {
  for (const some of [input, everything]) {
    expect(faultsIn(parse(plainOf(renderWindowsBoot(some))))).toEqual([]);
    expect(faultsIn(parse(phasesOf(some)))).toEqual([]);
  }
  const hook = /@'\n(.*?)\n'@/s.exec(phasesOf(everything))?.[1] ?? '';
  expect(hook).toContain('MF1317');
  expect(faultsIn(parse(hook))).toEqual([]);
  expect(faultsIn(parse('if ($a { b }'))).not.toEqual([]);
});

test('it is ASCII without the escape character, whatever the encoding that it is read in', () => {
  expect(wholeOf(everything)).toMatch(/^[\n\x20-\x7e]*$/);
  expect(wholeOf(everything)).not.toContain('`');
});

describe('what PowerShell would find out only when it runs', () => {
  const AUTOMATIC = ['_', 'true', 'false', 'null', 'LASTEXITCODE', 'ErrorActionPreference', 'ProgressPreference'];
  const nameOf = (text: string) => text.replace(/^[$@]\{?(script:)?/, '').replace(/\}$/, '');

  test('every variable that is read is set somewhere', () => {
    const root = parse(wholeOf(everything));
    const variables = nodesOf(root, ({ type }) => type === 'variable').map(({ text }) => nameOf(text));
    const set = new Set(AUTOMATIC.map((name) => name.toLowerCase()));
    const targets = nodesOf(root, ({ type }) =>
      /^(left_assignment_expression|script_parameter|foreach_statement)$/.test(type),
    );
    for (const { text } of targets) {
      const [head = ''] = text.replace(/\[\w+\[\]\]/g, '').split(/ in |[[=]/);
      for (const [, name = ''] of head.matchAll(/\$(?:script:)?(\w+)/g)) set.add(name.toLowerCase());
    }
    expect(variables.length).toBeGreaterThan(300);
    expect(variables.filter((name) => !/^env:/.test(name) && !set.has(name.toLowerCase()))).toEqual([]);
  });

  test('no variable in a text swallows the colon after it', () => {
    const variables = nodesOf(parse(wholeOf(everything)), ({ type }) => type === 'variable');
    expect(
      variables.map(({ text }) => text).filter((text) => /:/.test(text) && !/^\$(script|env):/.test(text)),
    ).toEqual([]);
  });

  test('no two variables differ only by case: they would be one', () => {
    const names = new Set(
      nodesOf(parse(wholeOf(everything)), ({ type }) => type === 'variable').map(({ text }) => nameOf(text)),
    );
    const spelt = Map.groupBy(names, (name) => name.toLowerCase());
    // A function's parameter; what it is called with is the other.
    spelt.delete('proxy');
    expect([...spelt.values()].filter(({ length }) => length > 1)).toEqual([]);
  });

  test('every command is a function of the script, or one that Windows brings', () => {
    const root = parse(wholeOf(everything));
    const functions = new Map(
      nodesOf(root, ({ type }) => type === 'function_statement').map((node) => [
        nodesOf(node, ({ type }) => type === 'function_name')[0]?.text ?? '',
        nodesOf(node, ({ type }) => type === 'script_parameter').length,
      ]),
    );
    const used = nodesOf(root, ({ type }) => type === 'command_name').map(({ text }) => text);
    expect([...functions.keys()].filter((name) => !used.includes(name))).toEqual([]);
    expect([...new Set(used)].filter((name) => !functions.has(name)).sort()).toMatchSnapshot();
    const calls = nodesOf(root, ({ type }) => type === 'command').flatMap((node) => {
      const name = node.children[0]?.text ?? '';
      const given = nodesOf(
        node,
        ({ type, parent }) => type === 'command_argument_sep' && parent?.parent?.id === node.id,
      );
      return functions.has(name) ? [{ call: node.text, given: given.length, takes: functions.get(name) ?? 0 }] : [];
    });
    expect(calls.length).toBeGreaterThan(60);
    expect(calls.filter(({ given, takes }) => given > takes)).toEqual([]);
  });
});

const indexes = (script: string, ...texts: string[]) => texts.map((text) => script.indexOf(text));
const isRising = (numbers: readonly number[]) => numbers.every((n, i) => n >= 0 && n > (numbers[i - 1] ?? -1));

describe('the guarantees of the Linux script', () => {
  test('the watchdogs come before all that can fail, and the machine is stopped after all of it', () => {
    const script = renderWindowsBoot(input);
    const marks = [
      'try {',
      'second-boot',
      'lifetime (',
      'boot-deadline (',
      'scriptblock',
      '} finally { Stop-Machine }',
    ];
    const [, ...rest] = script.split('Out-Null\n}\n');
    expect(isRising(indexes(rest.join(''), ...marks))).toBe(true);
    expect(phasesOf(input).trimEnd().split('\n').slice(-4)).toEqual([
      '} catch {',
      'if ($Line -eq 0) { $Line = $_.InvocationInfo.ScriptLineNumber }',
      'Write-Log "mayfly: $($_.Exception.GetType().Name) in line $Line"',
      '} finally { Finish }',
    ]);
  });

  test('the same phases in the same order', () => {
    const linux = renderLinuxBoot({ ...input, platform: 'linux-x64' });
    const names = (script: string, pattern: RegExp) => new Set([...script.matchAll(pattern)].map(([, name]) => name));
    const ours = names(phasesOf(input), /Set-Phase ([a-z]+)/g);
    expect(ours).toEqual(names(linux, /^ *(?:\S+ )*?phase ([a-z]+)/gm));
    const calls = ['started', 'metadata', 'setup', 'letter', 'runner', 'configured'].map(
      (name) => `Set-Phase ${name}\n`,
    );
    expect(isRising(indexes(phasesOf(input), ...calls))).toBe(true);
  });

  test('every code that it reports is one of ours, and all of Linux are there that can be', () => {
    const codes = [...phasesOf(input).matchAll(/(?:Fail|Test-Clock|Set-Limit) ([a-z]+(?:-[a-z]+)+)/g)].map(
      ([, code = '']) => code,
    );
    expect(codes.filter((code) => !(code in CODES))).toEqual([]);
    const linux = [
      ...renderLinuxBoot({ ...input, platform: 'linux-x64' }).matchAll(
        /(?:fail|check_clock|limit) ([a-z]+(?:-[a-z]+)+)/g,
      ),
    ];
    // An option of curl's; nothing asks curl; and who shuts Windows down ends the script before it could say so.
    const not = new Set(['curl-too-old', 'second-boot', 'fail-early']);
    expect(linux.map(([, code = '']) => code).filter((code) => !not.has(code) && !codes.includes(code))).toEqual([]);
  });

  test('a taken letter is marked as the control plane expects', () => {
    expect(phasesOf(input)).toContain(`':used' = @{ S = '${USED}' }`);
    expect(phasesOf(input)).toContain(
      "'SET jit = :used, takenAt = :t' 'attribute_exists(jit) AND jit <> :used' UPDATED_OLD",
    );
  });

  test('every wait has a bound', () => {
    const isLoop = ({ type }: Node) => /^(while|do|for)_statement$/.test(type);
    const loops = nodesOf(parse(phasesOf(input)), isLoop);
    expect(loops).toHaveLength(10);
    const bounded = /Test-Clock|\$relaunches -gt 3|\$n -lt|\$cause|-lt \$end|\.Read\(/;
    const own = loops.map((loop) =>
      nodesOf(loop, isLoop)
        .slice(1)
        .reduce((text, inner) => text.replace(inner.text, ''), loop.text),
    );
    expect(own.filter((text) => !bounded.test(text))).toEqual([]);
  });

  test('a relaunch is bounded, and each exit status has its answer', () => {
    const script = phasesOf(input);
    expect(script).toContain('if ($Status -lt 2 -or $Status -gt 4) { break }');
    expect(script).toContain('if ($relaunches -gt 3) { Fail listener-failed }');
    expect(script).toMatch(
      /-eq 7\) \{ Fail version-deprecated }\nif \(\$Status -ne 0\) \{ Fail listener-failed }\nif \(-not \$RanJob\) \{ Fail no-job }/,
    );
  });
});

describe('nothing secret leaves the script', () => {
  const SECRETS =
    /\$(?:script:)?(Password|secure|JitConfig|letter|SecretAccessKey|SessionToken|Token|files|bytes|keys)\b/;
  const lines = () => phasesOf(everything).split('\n');

  test('not by the command line of a program, not by the log', () => {
    const risky = lines().filter((line) =>
      /\.exe|cmd\.exe|Write-Log|\$arguments|-Argument|taskkill|WriteAllText/.test(line),
    );
    expect(risky.length).toBeGreaterThan(12);
    expect(risky.filter((line) => SECRETS.test(line))).toEqual([]);
  });

  test('the key of the runner is encrypted for the machine before it is written, in a folder that is closed by then', () => {
    const script = phasesOf(input);
    expect(
      isRising(indexes(script, "Set-Access $Runner 'runner:(OI)(CI)M'", '::Protect($bytes, $null, ', 'WriteAllBytes(')),
    ).toBe(true);
    expect(script).toContain('/inheritance:r');
  });

  test('the runner is started as a user without rights', () => {
    expect(phasesOf(input)).toMatch(/Register-ScheduledTask .* -User runner -Password \$Password/);
    expect(phasesOf(input)).toContain("'S-1-5-32-545', 'S-1-5-32-559'");
    expect(phasesOf(input)).not.toMatch(/S-1-5-32-544['"]\s*[,)]|Administrators/);
  });
});

describe('values', () => {
  test.each(["'; Stop-Computer; '", 'a\n@{ b = 1 }\n', '$env:PATH $(Get-Date) "x"', '</br> <a>', "''"])(
    'a setup command stays one text: %j',
    (command) => {
      const literals = nodesOf(
        parse(phasesOf({ ...input, setupCommands: [command] })),
        ({ type }) => type === 'verbatim_string_characters',
      );
      expect(literals.map(({ text }) => text.slice(1, -1).replaceAll("''", "'"))).toContain(command);
    },
  );

  test.each<[string, Partial<WindowsBootInput>]>([
    ['a typographic quote', { setupCommands: ['\u2019; Stop-Computer'] }],
    ['another letter than ASCII', { setupCommands: ['echo \u00e9'] }],
    ['the end of the user data', { setupCommands: ['echo 1 </powershell>'] }],
    ['a second script', { setupCommands: ['<script>'] }],
    ['a quote', { roleId: "AROA'; reboot; '" }],
    ['nothing', { mailboxTable: '' }],
    ['a bucket with a dot', { bucket: 'my.bucket' }],
    ['a hook for Linux', { hooks: { jobStarted: '/opt/a.sh' } }],
    ['a hook with a quote', { hooks: { jobCompleted: "C:\\a'b.ps1" } }],
    [
      'a repository with a quote',
      { policy: { repositories: ["a/b'"], publicRepositories: true, forkPullRequests: true } },
    ],
    ['a proxy with a password', { proxy: { https: 'http://user:pass@proxy' } }],
    ['no certificate', { caCertificates: "x'; y" }],
    ['no time', { idleTimeoutMs: 0 }],
    ['a life shorter than the boot', { lifetimeMs: 900_000 }],
  ])('refused: %s', (_, wrong) => {
    expect(() => renderWindowsBoot({ ...input, ...wrong })).toThrow();
  });

  test('the runner and its jobs have hooks, proxy and certificates in their environment', () => {
    expect(phasesOf(everything)).toContain(
      [
        "$RunnerEnv = 'ACTIONS_RUNNER_HOOK_JOB_STARTED=C:\\mayfly\\job-started.ps1",
        'ACTIONS_RUNNER_HOOK_JOB_COMPLETED=C:\\hooks\\b.ps1',
        ...['http_proxy=http://proxy:3128', 'https_proxy=http://proxy:3129'],
        'no_proxy=169.254.169.254,.example.com,10.0.0.1',
        "NODE_EXTRA_CA_CERTS=C:\\mayfly\\ca.pem'",
      ].join('\n'),
    );
    expect(phasesOf(input)).toContain("$RunnerEnv = ''\n");
    expect(phasesOf(input)).not.toContain('job hook');
  });

  test('hosts that are asked without the proxy, as .NET matches them', () => {
    const patterns = /\$true, @\((.*)\)\)$/m.exec(phasesOf(everything))?.[1]?.split(', ') ?? [];
    const [domain = /$^/, address = /$^/] = patterns.map((pattern) => new RegExp(pattern.slice(1, -1), 'i'));
    expect('https://s3.example.com:443/x').toMatch(domain);
    expect('https://example.com').toMatch(domain);
    expect('https://example.community').not.toMatch(domain);
    expect('https://badexample.com').not.toMatch(domain);
    expect('https://10.0.0.1').toMatch(address);
    expect('https://10x0.0.1').not.toMatch(address);
  });
});

test('which jobs are refused', () => {
  const hookOf = (policy: WindowsBootInput['policy']) => /@'\n(.*?)\n'@/s.exec(phasesOf({ ...input, policy }))?.[1];
  expect(hookOf({ publicRepositories: true, forkPullRequests: true })).toBeUndefined();
  const some = hookOf({ repositories: ['acme/app'], publicRepositories: true, forkPullRequests: true }) ?? '';
  expect(some).toContain(`if ($env:GITHUB_REPOSITORY -notin 'acme/app') { Deny "jobs of $env:GITHUB_REPOSITORY" }`);
  expect(some).not.toContain('GITHUB_EVENT_PATH');
  const none = hookOf({ publicRepositories: false, forkPullRequests: false }) ?? '';
  expect(isRising(indexes(none, 'unreadable events', 'jobs of public repositories', 'pull requests from forks'))).toBe(
    true,
  );
});
