import { globSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import type { Rollup } from 'vite'
import { beforeEach, describe, expect, it, vi } from 'vitest'

const CLIENT = join(import.meta.dirname, '../../../packages/nuxt-cloakroom/src/runtime/app')
const ENTRY = 'client-entry'
const VUE_USE = /^@vueuse\//

const MAX_OWN_BYTES = 6200
const MAX_BYTES_WITH_VUE_USE = 7300

const clientFiles = (pattern: string) => globSync(pattern, { cwd: CLIENT }).sort().map(file => join(CLIENT, file))

/** Files that only run on the server, while a page is rendered. */
const SERVER_ONLY = /page-client\.ts$|\.server\.ts$/

/**
 * Bundles what the module adds to an app's client in one piece, without what the app has anyway: Vue, Nuxt, and what
 * `external` names. `diagnoseSession` is not part of it, because only pages that call it load it.
 */
async function bundle(...external: RegExp[]) {
  const entries = clientFiles('{components,composables,middleware,plugins,utils}/*')
    .filter(file => !SERVER_ONLY.test(file))
  const entry = entries.map((path, index) => `export * as part${index} from '${path}'`).join('\n')
  const virtual = {
    name: 'entry',
    resolveId: (id: string) => id === ENTRY ? `\0${ENTRY}` : undefined,
    load: (id: string) => id === `\0${ENTRY}` ? entry : undefined,
  }
  const { output } = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'import.meta.server': 'false', 'import.meta.client': 'true' },
    plugins: [vue(), virtual],
    build: {
      write: false,
      minify: true,
      target: 'esnext',
      rollupOptions: {
        input: ENTRY,
        preserveEntrySignatures: 'strict',
        external: [/^#/, /^vue$/, ...external],
      },
    },
  }) as Rollup.RollupOutput
  const chunks = output.filter(file => file.type === 'chunk')
  return {
    code: chunks.map(({ code }) => code).join(''),
    modules: chunks.flatMap(({ modules }) => Object.keys(modules)),
  }
}

describe('the client code of the module', () => {
  beforeEach(() => {
    vi.stubEnv('NODE_ENV', 'production') // As in a production build. Otherwise a component contains its file's path.
  })

  it('is at most 6.2 kB gzipped, all of it except diagnoseSession', async () => {
    const { code, modules } = await bundle(VUE_USE)
    expect(gzipSync(code).length).toBeLessThanOrEqual(MAX_OWN_BYTES)
    expect(code).toContain('new EventSource(')
    const isOther = (file: string) => file.startsWith(join(CLIENT, 'diagnose/')) || SERVER_ONLY.test(file)
    const files = clientFiles('**/*.{ts,vue}').filter(file => !isOther(file))
    expect(modules).toEqual(expect.arrayContaining(files))
    expect(modules.filter(file => SERVER_ONLY.test(file))).toEqual([])
  })

  it('is at most 7.3 kB gzipped together with what it uses of VueUse', async () => {
    const { code, modules } = await bundle()
    expect(gzipSync(code).length).toBeLessThanOrEqual(MAX_BYTES_WITH_VUE_USE)
    expect(modules.some(id => id.includes('/@vueuse/core/'))).toBe(true)
  })
})
