import type { GitHubState } from './state.ts';
import type { RunnerRecord } from './types.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

/**
 * What the runner connects with: base64 of a JSON object of base64 files, about 4.3 kB with an RSA-2048 key.
 * The real runner writes the files into its folder; ours reads `clientId` and `ServerUrl` from them.
 */
export function encodeJitConfig(state: GitHubState, runner: RunnerRecord, workFolder: string): string {
  const serverUrl = `${state.origin}/_runner`;
  const settings = {
    AgentId: String(runner.id),
    AgentName: runner.name,
    PoolId: String(runner.group.id),
    PoolName: runner.group.name,
    ServerUrl: serverUrl,
    ServerUrlV2: serverUrl,
    UseV2Flow: 'True',
    GitHubUrl: '',
    WorkFolder: workFolder,
    Ephemeral: 'True',
    DisableUpdate: 'False',
    SkipSessionRecover: 'False',
    MonitorSocketAddress: '',
  };
  const credentials = {
    Scheme: 'OAuth',
    Data: {
      clientId: runner.clientId,
      authorizationUrl: `${serverUrl}/_apis/oauth2/token/${runner.clientId}`,
      authorizationUrlV2: `${serverUrl}/_apis/v2/oauth2/token/${runner.clientId}`,
      enableAuthMigrationByDefault: 'True',
      requireFipsCryptography: 'True',
    },
  };
  return base64(
    JSON.stringify({
      '.runner': base64(JSON.stringify(settings)),
      '.credentials': base64(JSON.stringify(credentials)),
      '.credentials_rsaparams': base64(state.options.runnerKey),
    }),
  );
}
