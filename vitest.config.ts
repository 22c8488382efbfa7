import { defineVitestProject } from '@nuxt/test-utils/config'
import { defineConfig } from 'vitest/config'

const shared = {
  testTimeout: 10_000,
  setupFiles: ['tests/support/console.ts'],
  restoreMocks: true,
  unstubEnvs: true,
  unstubGlobals: true,
}

export default defineConfig({
  test: {
    projects: [
      { test: { ...shared, name: 'unit', environment: 'node', include: ['tests/{unit,faults}/**/*.test.ts'] } },
      await defineVitestProject({
        // The first mount transforms the whole of Nuxt UI, which takes seconds on a cold cache.
        test: { ...shared, name: 'nuxt', environment: 'nuxt', include: ['tests/nuxt/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
      }),
    ],
  },
})
