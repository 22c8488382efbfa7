import { existsSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import type { Nuxt } from '@nuxt/schema'
import type { ModuleOptions } from './options'
import { envNameOf } from './runtime/server/nitro/settings'

/** Vite's own list. Setting `deny` replaces it, so its entries are repeated. */
const VITE_DENY = ['.env', '.env.*', '*.{crt,pem,key,p12,pfx,cer,der}', '.npmrc', '.yarnrc.yml', '**/.git/**']

/** Databases and keys, also those of other parts of the app. Windows ignores dots and spaces at the end. */
const DENY = [
  '**/.data/**', '*.{db,db3,sqlite,sqlite3}{,-wal,-shm,-journal}*([. ])', '*.keys*([. ])', '*.keys.*.tmp',
  '*.corrupt-*',
]

/** Keeps Vite's development server from serving sessions, keys and databases, wherever they are in the project. */
export function denyPrivateFiles({ store }: ModuleOptions, nuxt: Nuxt): void {
  nuxt.hook('vite:extendConfig', (config) => {
    const { server = {} } = config
    const { rootDir, runtimeConfig, nitro } = nuxt.options
    const { store: configured } = runtimeConfig.cloakroom as { store?: string }
    const urls = [store, configured, process.env[envNameOf('store')]]
    const storages = { ...nitro.storage, ...nitro.devStorage } as Record<string, { base?: string }>
    const stores = urls.flatMap(url => storePatterns(url ?? '', storages, [rootDir, process.cwd()]))
    const deny = [...VITE_DENY, ...DENY, ...stores, ...server.fs?.deny ?? []]
    Object.assign(config, { server: { ...server, fs: { ...server.fs, deny } } })
  })
}

/**
 * Patterns for the files of a store, whatever they are called.
 *
 * @param storages what `mount:NAME` may name
 * @param folders that a path of the store may be relative to
 */
function storePatterns(url: string, storages: Record<string, { base?: string }>, folders: string[]): string[] {
  const [, scheme = '', rest = ''] = /^(sqlite|fs|mount):(.+?)(?:\?corrupt=\w+)?$/.exec(url) ?? []
  const path = scheme === 'mount' ? storages[rest]?.base : rest
  if (!path) return []
  return folders.flatMap(folder => spellingsOf(resolve(folder, path)))
    .flatMap(pattern => scheme === 'sqlite' ? `${pattern}{,-wal,-shm,-journal}*([. ])` : [pattern, `${pattern}/**`])
}

/** A path as a pattern that matches nothing else, once as it is and once without symbolic links. */
function spellingsOf(path: string): string[] {
  const folder = dirname(path)
  const real = existsSync(folder) ? join(realpathSync(folder), basename(path)) : path
  return [path, real].map(path => path.replaceAll('\\', '/').replaceAll(/[*?[\]{}()!+@|]/g, '\\$&'))
}
