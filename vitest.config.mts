import { defineConfig } from 'vitest/config';

// The parser imports JSON without an import attribute, which no Node accepts: bundle it once.
const deps = { optimizer: { ssr: { enabled: true, include: ['@actions/workflow-parser', '@actions/expressions'] } } };

// Examples import the package by its name.
const resolve = { tsconfigPaths: true };

// `npm test` runs the project `unit`; the others need more than `npm ci` brings (scripts/run-tier.mjs says what).
export default defineConfig({
  test: {
    projects: [
      {
        resolve,
        test: {
          name: 'unit',
          // A busy machine is slow, not broken.
          testTimeout: 20_000,
          hookTimeout: 60_000,
          include: [
            '{src,sim,bench}/**/*.test.ts',
            'test/*.test.ts',
            'test/unit/**/*.test.ts',
            'test/packaging/*.test.ts',
          ],
          deps,
        },
      },
      {
        resolve,
        test: { name: 'aws', include: ['test/aws/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 30_000, deps },
      },
      { resolve, test: { name: 'boot', include: ['test/boot/**/*.test.ts'], testTimeout: 60_000, deps } },
    ],
  },
});
