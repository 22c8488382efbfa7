import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'

const NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser']
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'

/** Switches that keep a browser under test from calling home; root cannot use Chromium's own sandbox. */
export const BROWSER_ARGUMENTS = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
]

/**
 * Path of a Chrome or Chromium, installing one if there is none: `PLAYWRIGHT_CHROMIUM_PATH`, an installed
 * one, Playwright's own download, the system's package manager (as root on Debian).
 *
 * `null` if all of that fails; it throws instead if `CI` is set, where a missing browser must not pass as a skip.
 */
export function ensureBrowser(): string | null {
  const path = configured() ?? installed() ?? download() ?? systemPackage()
  if (path === null && process.env.CI) throw new Error('No Chrome or Chromium here, and none could be installed.')
  return path
}

function configured(): string | null {
  const path = process.env.PLAYWRIGHT_CHROMIUM_PATH
  if (!path) return null
  if (!existsSync(path)) throw new Error(`PLAYWRIGHT_CHROMIUM_PATH names ${path}, which is not there.`)
  return path
}

function installed(): string | null {
  const directories = (process.env.PATH ?? '').split(delimiter)
  const candidates = [...NAMES.flatMap(name => directories.map(directory => join(directory, name))), MAC, chromium.executablePath()]
  return candidates.find(candidate => existsSync(candidate)) ?? null
}

function download(): string | null {
  attempt('npx', ['playwright', 'install', 'chromium'])
  return installed()
}

function systemPackage(): string | null {
  if (process.getuid?.() !== 0) return null
  attempt('apt-get', ['update', '-qq'])
  attempt('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'])
  return installed()
}

function attempt(command: string, args: string[]): void {
  console.log(`No browser yet: ${command} ${args.join(' ')}`)
  spawnSync(command, args, { stdio: 'inherit', timeout: 300_000, env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } })
}
