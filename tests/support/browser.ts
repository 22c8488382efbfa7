import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'
import { HANG_MS } from './limits.ts'

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser']
const SHELL_NAMES = ['chrome-headless-shell', 'chromium-headless-shell']
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** Arguments that stop a browser under test from calling its vendor; root cannot use Chromium's own sandbox. */
export const BROWSER_ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

/** The paths of the browsers that the tests run in. */
export interface Browsers {
  /** A complete browser, with profiles and all settings. */
  readonly full: string
  /**
   * The same engine without windows, which needs about half the processor time, for all tests that need no profile. The
   * full browser if there is no other.
   */
  readonly light: string
}

/**
 * Finds or installs the browsers to test in. The order is: `PLAYWRIGHT_CHROMIUM_PATH`, an installed Chrome or Chromium,
 * Playwright's own download, the system's package manager (as root on Debian).
 *
 * Returns `null` if all of that fails. Throws instead if `CI` is set, where a missing browser must not pass as a skip.
 */
export function ensureBrowsers(): Browsers | null {
  const full = configured() ?? installed() ?? download() ?? systemPackage()
  if (full === null && process.env.CI) throw new Error('Chrome or Chromium is missing, and could not be installed.')
  return full === null ? null : { full, light: configured() ?? onPath(SHELL_NAMES) ?? full }
}

function configured(): string | null {
  const path = process.env.PLAYWRIGHT_CHROMIUM_PATH
  if (!path) return null
  if (!existsSync(path)) throw new Error(`PLAYWRIGHT_CHROMIUM_PATH is ${path}, which does not exist.`)
  return path
}

function installed(): string | null {
  return onPath(NAMES) ?? [MAC, chromium.executablePath()].find(existsSync) ?? null
}

function onPath(names: readonly string[]): string | null {
  const directories = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap(name => directories.map(directory => join(directory, name))).find(existsSync) ?? null
}

function download(): string | null {
  attempt('npx', ['playwright', 'install', 'chromium'])
  return installed()
}

function systemPackage(): string | null {
  if (process.getuid?.() !== 0) return null
  attempt('apt-get', ['update', '-qq'])
  attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium', 'chromium-headless-shell'])
  return installed()
}

function attempt(command: string, args: string[]): void {
  console.log(`No browser found, running: ${command} ${args.join(' ')}`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync(command, args, { stdio: 'inherit', timeout: 5 * HANG_MS, env })
}
