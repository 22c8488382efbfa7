import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defineBuildConfig } from 'unbuild'

export default defineBuildConfig({
  entries: [
    // The race suite, for authors of drivers. File by file, so that it imports the same runtime files as the app.
    { input: 'src/testing/', outDir: 'dist/testing', builder: 'mkdist', format: 'esm', ext: 'js', declaration: true },
    // The command `nuxt-cloakroom`. Nothing imports it, so it has no types.
    { input: 'src/fuzz/', outDir: 'dist/fuzz', builder: 'mkdist', format: 'esm', ext: 'js', declaration: false },
  ],
  hooks: {
    // The builder's own plugin does the same, but fails in a folder whose path has a space.
    'rollup:options': ({ options }, rollupOptions) => {
      rollupOptions.plugins = [externalRuntime(options.outDir), ...[rollupOptions.plugins].flat()]
    },
    'build:done': async ({ options }) => {
      for (const folder of ['testing', 'fuzz']) await addExtensions(join(options.outDir, folder))
    },
  },
})

/** Imports the built files of the runtime instead of bundling them. */
function externalRuntime(outDir: string) {
  return {
    name: 'external-runtime',
    resolveId: (id: string) => id.startsWith('./runtime/') ? { id: join(outDir, `${id}.js`), external: true } : null,
  }
}

/** Node resolves relative imports only with their extension. */
async function addExtensions(folder: string) {
  const files = await readdir(folder, { recursive: true })
  for (const file of files.filter(file => /\.(?:js|d\.ts)$/.test(file))) {
    const path = join(folder, file)
    const text = await readFile(path, 'utf8')
    await writeFile(path, text.replace(/(from\s+["'])(\.{1,2}\/[^"']+?)(?:\.js)?(["'])/g, '$1$2.js$3'))
  }
}
