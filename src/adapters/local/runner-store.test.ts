import { describeRunnerStore } from '../contracts/runner-store.contract.ts';
import { LocalRunnerStore } from './runner-store.ts';

describeRunnerStore('local', async () => {
  const store = new LocalRunnerStore(async (url) => {
    const reply = await fetch(url);
    if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
    return new Uint8Array(await reply.arrayBuffer());
  });
  return { store, open: async (key) => store.open(key) };
});
