import { defineConfig } from 'vitest/config';

export default defineConfig({
  // The timeout only ends what hangs: the machine may be slow.
  test: { include: ['test/**/*.test.ts'], testTimeout: 300_000 },
});
