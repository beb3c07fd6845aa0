/** For tests: a GitHub of runners and jobs that does what the test says, counts its calls, and knows no webhook. */
import type {
  DeleteOutcome,
  FindJobOutcome,
  FindRunnerOutcome,
  GitHub,
  GitHubFailure,
  GitHubJob,
  GitHubJobs,
  JitOutcome,
  JitRequest,
  ListRunnersOutcome,
  Runner,
} from '../ports.ts';

/** GitHub's size of a page. */
const PAGE = 100;

interface FakeRunner {
  readonly id: number;
  busy: boolean;
  online: boolean;
  readonly labels: readonly string[];
}

/** Runner records by name; `answers` scripts the next JIT outcomes. */
export class FakeGitHub implements GitHub {
  readonly runners = new Map<string, FakeRunner>();
  readonly answers: (JitOutcome | 'lost')[] = [];
  /** Names that a list leaves out although they are there: it is late, or its pages shifted. */
  readonly unlisted = new Set<string>();
  /** What every call is answered, while it is set. */
  failure: GitHubFailure | undefined;
  calls = 0;
  private lastId = 0;

  async createJitConfig({ name, labels }: JitRequest): Promise<JitOutcome> {
    this.calls++;
    const answer = this.failure ?? this.answers.shift();
    if (answer !== undefined && answer !== 'lost') return answer;
    if (this.runners.has(name)) return { kind: 'name-taken' };
    const id = this.add(name, { labels });
    return answer === 'lost'
      ? { kind: 'unavailable', detail: 'lost' }
      : { kind: 'ok', runnerId: id, jitConfig: `jit-${name}` };
  }

  /** By the test: a runner of anybody. Returns its id. */
  add(name: string, more: Partial<FakeRunner> = {}): number {
    const id = ++this.lastId;
    this.runners.set(name, { id, busy: false, online: false, labels: [], ...more });
    return id;
  }

  async deleteRunner(_installation: number, _scope: unknown, runnerId: number): Promise<DeleteOutcome> {
    this.calls++;
    if (this.failure) return this.failure;
    const found = [...this.runners].find(([, runner]) => runner.id === runnerId);
    if (!found) return { kind: 'gone' };
    if (found[1].busy) return { kind: 'busy' };
    this.runners.delete(found[0]);
    return { kind: 'deleted' };
  }

  async findRunner(_installation: number, _scope: unknown, name: string): Promise<FindRunnerOutcome> {
    return this.shown((runner) => runner.name === name);
  }

  async getRunner(_installation: number, _scope: unknown, runnerId: number): Promise<FindRunnerOutcome> {
    return this.shown((runner) => runner.id === runnerId);
  }

  async listRunners(): Promise<ListRunnersOutcome> {
    const runners = this.all().filter(({ name }) => !this.unlisted.has(name));
    const pages = Math.max(1, Math.ceil(runners.length / PAGE));
    this.calls += this.failure ? 1 : pages;
    return this.failure ?? { kind: 'ok', runners, pages };
  }

  private shown(isWanted: (runner: Runner) => boolean): FindRunnerOutcome {
    this.calls++;
    if (this.failure) return this.failure;
    const runner = this.all().find(isWanted);
    return runner ? { kind: 'ok', runner } : { kind: 'gone' };
  }

  private all = (): Runner[] => [...this.runners].map(([name, runner]) => ({ ...runner, name }));

  async runnerDownloads() {
    return { kind: 'ok', downloads: [] } as const;
  }
}

type Status = GitHubJob['status'] | 'gone' | 'unavailable' | 'auth';

/** Jobs stand as the test says. */
export class FakeJobs implements GitHubJobs {
  /** Jobs that were asked about. */
  readonly asked: string[] = [];
  /** "owner/name queued" -> what a search finds. */
  readonly unfinished = new Map<string, readonly GitHubJob[]>();
  readonly searched: string[] = [];
  /** Jobs that were to be run again, and what the next such calls are answered. */
  readonly rerun: string[] = [];
  readonly rerunAnswers: Awaited<ReturnType<GitHubJobs['rerunJob']>>[] = [];
  statusOf: (jobId: string) => Status = () => 'queued';
  runnerOf: (jobId: string) => string | undefined = () => undefined;
  calls = 0;
  private readonly createdAt: number;

  constructor(createdAt: number) {
    this.createdAt = createdAt;
  }

  async findJob(_installation: number, _repository: string, id: string): Promise<FindJobOutcome> {
    this.asked.push(id);
    const status = this.statusOf(id);
    this.calls += status === 'queued' ? 2 : 1;
    if (status === 'gone') return { kind: 'gone' };
    if (status === 'unavailable' || status === 'auth') return { kind: status, detail: '' };
    return { kind: 'ok', job: this.job(id, status) };
  }

  job = (id: string, status: GitHubJob['status'], more: Partial<GitHubJob> = {}): GitHubJob => ({
    id,
    name: `job ${id}`,
    labels: ['self-hosted'],
    createdAt: this.createdAt,
    status,
    runnerName: this.runnerOf(id),
    ...more,
  });

  async unfinishedJobs(_installation: number, repository: string, runs: 'queued' | 'in_progress') {
    const place = `${repository} ${runs}`;
    this.searched.push(place);
    this.calls++;
    return { kind: 'ok', jobs: this.unfinished.get(place) ?? [], private: true, calls: 1 } as const;
  }

  async rerunJob(_installation: number, _repository: string, id: string) {
    this.calls++;
    this.rerun.push(id);
    return this.rerunAnswers.shift() ?? ({ kind: 'ok' } as const);
  }
}
