import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          setupFiles: ['test/seed.ts'],
          // Only what fails takes so long, or runs on a very busy machine.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          expect: { poll: { timeout: 30_000 } },
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/stack.ts'],
          // Only what fails takes so long, or runs on a very busy machine.
          testTimeout: 150_000,
          hookTimeout: 150_000,
          // The broker and the registry want their share of a small machine.
          maxWorkers: 2,
          execArgv: ['--disable-warning=TimeoutNegativeWarning'],
        },
      },
    ],
  },
})
