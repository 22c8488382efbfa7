import { availableParallelism } from 'node:os'
import { defineVitestProject } from '@nuxt/test-utils/config'
import { defineConfig } from 'vitest/config'
import { HANG_MS, rounds } from './tests/support/limits.ts'

/** In apps that have installed the packed module. Installing and building them takes minutes. */
const PACKED_APP_TESTS = ['tests/faults/host-*.test.ts', 'tests/faults/package.test.ts']

/** It only ends what hangs. */
const limit = rounds(HANG_MS, 10 * HANG_MS)

const shared = {
  testTimeout: limit,
  hookTimeout: limit,
  teardownTimeout: limit,
  expect: { poll: { timeout: limit } },
  setupFiles: ['tests/support/console.ts'],
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
}

export default defineConfig({
  test: {
    maxWorkers: availableParallelism() + 1, // Some wait for a server, a disk or a lock most of their time.
    projects: [
      { test: { ...shared, name: 'unit', environment: 'node', include: ['tests/unit/**/*.test.ts'] } },
      {
        test: {
          ...shared,
          name: 'faults',
          environment: 'node',
          include: ['tests/faults/**/*.test.ts'],
          exclude: PACKED_APP_TESTS,
        },
      },
      { test: { ...shared, name: 'packed', environment: 'node', include: PACKED_APP_TESTS } },
      await defineVitestProject({
        test: {
          ...shared,
          name: 'nuxt',
          environment: 'nuxt',
          // Otherwise the app would ask for the session before a test has defined the server's response.
          environmentOptions: { nuxt: { overrides: { cloakroom: { loadStrategy: 'none' } } } },
          include: ['tests/nuxt/**/*.test.ts'],
        },
      }),
    ],
  },
})
