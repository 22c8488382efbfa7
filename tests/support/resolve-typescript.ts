import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

// For child processes of tests: the module's imports have no file extension, because a bundler resolves them. Plain
// Node requires the extension.
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (!specifier.startsWith('.') || !context.parentURL?.startsWith('file:')) return nextResolve(specifier, context)
    const file = new URL(`${specifier}.ts`, context.parentURL)
    return nextResolve(existsSync(fileURLToPath(file)) ? file.href : specifier, context)
  },
})
