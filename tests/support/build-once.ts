import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

const ROOT = join(import.meta.dirname, '../..')
const WORK_FOLDER = join(tmpdir(), `cloakroom-builds-${digest(ROOT).slice(0, 12)}`)
const LOCK_RETRY_MS = 100

/**
 * Builds something in a folder outside the repository, once for as long as its sources stay the same, however many test
 * files and processes call it. Returns the folder.
 *
 * @param name of the build
 * @param sources files and folders of the repository that it is built from
 * @param build receives an empty folder
 */
export async function buildOnce(
  name: string,
  sources: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const home = join(WORK_FOLDER, name)
  mkdirSync(home, { recursive: true, mode: 0o700 })
  const lock = await acquireLock(join(home, 'lock.db'))
  try {
    const folder = join(home, 'build')
    const marker = join(home, 'built')
    const current = fingerprint(sources)
    if (!existsSync(marker) || readFileSync(marker, 'utf8') !== current) {
      rmSync(marker, { force: true })
      rmSync(folder, { recursive: true, force: true })
      mkdirSync(folder)
      await build(folder)
      writeFileSync(marker, current)
    }
    return folder
  }
  finally {
    lock.close()
  }
}

/** Acquires a lock that is released with this process, even if it is killed. */
async function acquireLock(path: string): Promise<DatabaseSync> {
  const lock = new DatabaseSync(path)
  for (;;) {
    try {
      lock.exec('BEGIN EXCLUSIVE')
      return lock
    }
    catch (error) {
      if (!/locked/.test(String(error))) throw error
      await delay(LOCK_RETRY_MS)
    }
  }
}

function fingerprint(sources: readonly string[]): string {
  const exclude = ['**/node_modules', '**/dist']
  const found = sources.flatMap(source => globSync([source, `${source}/**/*`], { cwd: ROOT, exclude }))
  const files = [...found.sort(), 'package-lock.json'].filter(file => statSync(join(ROOT, file)).isFile())
  return digest(files.map(file => `${file}\0${digest(readFileSync(join(ROOT, file)))}`).join('\0'))
}

function digest(input: string | Buffer): string {
  return createHash('sha256').update(input).digest('hex')
}
