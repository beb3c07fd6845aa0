import { bash } from './bash';

/**
 * GitHub hands a runner to any job that its runner group admits, so not launching for a job can not keep it out: the
 * runner's job-started hook does. What stands here fails before its first step, with a message in its log.
 */
export interface JobPolicy {
  /** `owner/name` each, whatever their case: only their jobs run. Default: those of all repositories. */
  readonly repositories?: readonly string[];
  /** Whether jobs of public repositories run. */
  readonly publicRepositories: boolean;
  /** Whether jobs of pull requests from forks run. */
  readonly forkPullRequests: boolean;
}

/** A script of root's that the job's user runs, and then the user's own. None where there is nothing to do. */
export function jobHook(policy: JobPolicy | undefined, own: string | undefined): string | undefined {
  const checks = [
    ...(policy === undefined ? [] : checksOf(policy)),
    ...(own === undefined ? [] : [`exec bash -e ${own}`]),
  ];
  return checks.length === 0 ? undefined : [open, ...checks, close].join('\n');
}

function checksOf({ repositories, publicRepositories, forkPullRequests }: JobPolicy): string[] {
  const readsEvent = !publicRepositories || !forkPullRequests;
  return [
    ...(readsEvent || repositories !== undefined ? [refuse] : []),
    ...(repositories === undefined ? [] : [checkRepository(repositories)]),
    ...(readsEvent ? [readEvent] : []),
    ...(publicRepositories ? [] : [`[[ $facts != False* ]] || refuse 'jobs of public repositories'`]),
    ...(forkPullRequests ? [] : [`[[ $facts != *True ]] || refuse 'pull requests from forks'`]),
  ];
}

/** @throws Error when one could not be quoted safely. */
export function checkedRepositories(repositories: readonly string[]): readonly string[] {
  const wrong = repositories.find((name) => !/^[\w.-]+\/[\w.-]+$/.test(name));
  if (wrong !== undefined) throw new Error(`boot script: a repository can not be ${JSON.stringify(wrong)}`);
  return repositories;
}

function checkRepository(repositories: readonly string[]): string {
  const names = checkedRepositories(repositories).join(' ').toLowerCase();
  return `[[ ' ${names} ' == *" \${GITHUB_REPOSITORY,,} "* ]] || refuse "jobs of $GITHUB_REPOSITORY"`;
}

const open = bash`
# ---- job hook
cat >"$ROOT/opt/mayfly/job-started.sh" <<'HOOK'
`;

const refuse = bash`
refuse() {
  echo "::error::MF1317 job-refused: this pool does not run $1"
  exit 1
}
`;

/** Two words: is the repository private (True, False; None where the event does not say), is the head a fork's. */
const readEvent = bash`
facts=$(python3 -Ic 'import json,sys
e=json.load(open(sys.argv[1]))
n=lambda s:(e["pull_request"][s]["repo"]or{}).get("full_name")
print(e.get("repository",{}).get("private"),"pull_request"in e and n("head")!=n("base"))' "$GITHUB_EVENT_PATH") ||
  refuse 'unreadable events'
`;

const close = bash`
HOOK
chmod 755 "$ROOT/opt/mayfly/job-started.sh"
`;
