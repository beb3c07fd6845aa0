import { checkedRepositories, type JobPolicy } from '../linux/job-hook';
import { powershell } from './powershell';

/** As src/boot/linux/job-hook.ts: a script that the job's user runs but can not write, and then the user's own. */
export function jobHook(policy: JobPolicy | undefined, own: string | undefined): string | undefined {
  const checks = policy === undefined ? [] : checksOf(policy);
  if (checks.length === 0 && own === undefined) return undefined;
  const last = own === undefined ? [] : [`& '${own}'`, 'exit $LASTEXITCODE'];
  return [open, ...(checks.length === 0 ? [] : [refuse]), ...checks, ...last, close].join('\n');
}

function checksOf({ repositories, publicRepositories, forkPullRequests }: JobPolicy): string[] {
  return [
    ...(repositories === undefined ? [] : [checkRepository(repositories)]),
    ...(publicRepositories && forkPullRequests ? [] : [readEvent]),
    ...(publicRepositories ? [] : [`if ($job.repository.private -eq $false) { Deny 'jobs of public repositories' }`]),
    ...(forkPullRequests ? [] : [checkFork]),
  ];
}

function checkRepository(repositories: readonly string[]): string {
  const names = checkedRepositories(repositories).map((name) => `'${name}'`);
  return `if ($env:GITHUB_REPOSITORY -notin ${names.join(', ')}) { Deny "jobs of $env:GITHUB_REPOSITORY" }`;
}

const open = powershell`
# ---- job hook
[IO.File]::WriteAllText("$Public\job-started.ps1", @'
$ErrorActionPreference = 'Stop'
`;

const refuse = powershell`
function Deny($what) {
  Write-Output "::error::MF1317 job-refused: this pool does not run $what"
  exit 1
}
`;

const readEvent = powershell`
try { $job = Get-Content $env:GITHUB_EVENT_PATH -Raw -Encoding UTF8 | ConvertFrom-Json }
catch { Deny 'unreadable events' }
`;

const checkFork = powershell`
$pull = $job.pull_request
if ($pull -and $pull.head.repo.full_name -ne $pull.base.repo.full_name) { Deny 'pull requests from forks' }
`;

const close = powershell`
'@, $Utf8)
`;
