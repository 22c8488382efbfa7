import { execFileSync } from 'node:child_process'

/** Runs the program `openssl`, and returns what it prints. Throws with its error output if it fails. */
export function openssl(...options: string[]): string {
  return execFileSync('openssl', options, { encoding: 'utf8', stdio: 'pipe' })
}

/** Whether this machine has the program `openssl`. */
export function hasOpenssl(): boolean {
  try {
    return Boolean(openssl('version'))
  }
  catch {
    return false
  }
}
