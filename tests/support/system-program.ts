import { execFileSync } from 'node:child_process'

const INSTALL_LIMIT_MS = 600_000

/**
 * Returns the path of a program of the system. If it is missing, it is first installed, on Debian as root. Returns
 * `undefined` if that fails, and its tests are then skipped. Throws instead if `CI` is set.
 *
 * @param names of the program; the first one that exists counts
 * @param debianPackage that contains it
 * @param consequence what is not tested without it
 */
export function findProgram(names: readonly string[], debianPackage: string, consequence: string): string | undefined {
  const found = which(names) ?? (install(debianPackage) ? which(names) : undefined)
  if (found !== undefined) return found
  if (process.env.CI) throw new Error(`${names[0]} is missing, and could not be installed`)
  console.warn(`SKIPPED: ${names[0]} is not installed, so ${consequence}. Install it, for example with: `
    + `apt-get install ${debianPackage}`)
  return undefined
}

function which(names: readonly string[]): string | undefined {
  const script = names.map(name => `command -v ${name}`).join(' || ')
  try {
    // Debian keeps servers in a folder that is on the path of root only.
    const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }
    return execFileSync('sh', ['-c', script], { encoding: 'utf8', env }).trim()
  }
  catch {
    return undefined
  }
}

function install(debianPackage: string): boolean {
  if (process.getuid?.() !== 0) return false
  const command = `apt-get update -qq && apt-get install -y -qq --no-install-recommends ${debianPackage}`
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    execFileSync('sh', ['-c', command], { stdio: 'ignore', timeout: INSTALL_LIMIT_MS, env })
    return true
  }
  catch {
    return false
  }
}
