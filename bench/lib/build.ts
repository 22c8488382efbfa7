import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { APP, AUTH_UTILS } from './contestants.ts'

const ROOT = join(import.meta.dirname, '../..')
const OURS = [
  'bench/app/{app,server}/**/*',
  'bench/app/nuxt.config.ts',
  'packages/nuxt-cloakroom/src/**/*',
  'server/{entry.ts,tls,api,utils}/**/*',
  'package-lock.json',
]
const THEIRS = [
  'bench/peers/nuxt-auth-utils/server/**/*',
  'bench/peers/nuxt-auth-utils/*.{ts,vue}',
  'bench/package-lock.json',
  'package-lock.json',
]

/** Builds the two Nuxt apps, except those whose sources are unchanged since their last build. `again` builds both. */
export async function buildApps(again = false): Promise<void> {
  build(APP, OURS, again)
  build(AUTH_UTILS, THEIRS, again)
}

function build({ folder, file }: typeof APP, sources: string[], again: boolean) {
  const marker = join(folder, '.output/sources')
  const now = fingerprint(sources)
  if (!again && existsSync(file) && existsSync(marker) && readFileSync(marker, 'utf8') === now) return
  const { status, stdout, stderr, error } = spawnSync(join(ROOT, 'node_modules/.bin/nuxt'), ['build'], {
    cwd: folder,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${folder} cannot be built:\n${stdout}${stderr}`, { cause: error })
  writeFileSync(marker, now)
}

function fingerprint(patterns: string[]): string {
  const hash = createHash('sha256')
  for (const file of globSync(patterns, { cwd: ROOT }).sort()) {
    if (statSync(join(ROOT, file)).isFile())
      hash
        .update(`${file}\0`)
        .update(readFileSync(join(ROOT, file)))
        .update('\0')
  }
  return hash.digest('hex')
}
