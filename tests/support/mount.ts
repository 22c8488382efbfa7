import { execFileSync } from 'node:child_process'

/** Whether this machine allows us to mount a disk, in a separate namespace. */
export function canMount(): boolean {
  try {
    execFileSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' })
    return true
  }
  catch {
    return false
  }
}
