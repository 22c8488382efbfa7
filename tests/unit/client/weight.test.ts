import { globSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import vue from '@vitejs/plugin-vue'
import { build } from 'vite'
import type { Rollup } from 'vite'
import { expect, it, vi } from 'vitest'

const APP = join(import.meta.dirname, '../../../layers/session/app')
const ENTRY = 'layer-entry'

/** All of the layer that a browser can be given, in one piece, without what is the app's anyway: Vue, Nuxt and what `external` names. */
async function gzippedBytes(...external: RegExp[]): Promise<number> {
  const files = globSync('{app.config.ts,{composables,components,middleware,utils}/*}', { cwd: APP })
  const entry = files.map((file, index) => `export * as part${index} from '${join(APP, file)}'`).join('\n')
  const virtual = {
    name: 'entry',
    resolveId: (id: string) => id === ENTRY ? `\0${ENTRY}` : undefined,
    load: (id: string) => id === `\0${ENTRY}` ? entry : undefined,
  }
  const result = await build({
    configFile: false,
    logLevel: 'error',
    define: { 'import.meta.server': 'false', 'import.meta.client': 'true' },
    plugins: [vue(), virtual],
    build: { write: false, minify: true, target: 'esnext', rollupOptions: { input: ENTRY, preserveEntrySignatures: 'strict', external: [/^#/, /^vue$/, ...external] } },
  }) as Rollup.RollupOutput
  const code = result.output.map(chunk => chunk.type === 'chunk' ? chunk.code : '').join('')
  expect(code).toContain('/api/_session/events')
  return gzipSync(code).length
}

it('the layer\'s client code is at most 5 kB, and 6 kB with what it takes of VueUse', async () => {
  vi.stubEnv('NODE_ENV', 'production') // As in any build for users. Otherwise each component holds the path of its file.
  const [own, whole] = await Promise.all([gzippedBytes(/^@vueuse\//), gzippedBytes()])
  expect(own).toBeLessThanOrEqual(5000)
  expect(whole).toBeLessThanOrEqual(6000)
})
