import Bowser from 'bowser'

/** The name of a device for its user. */
export interface DeviceName {
  browser: string
  system: string
  isMobile: boolean
}

/** Reads a `User-Agent` header. The client chooses it, so the result is a guess. */
export function deviceName(label: string): DeviceName {
  if (!label) return { browser: 'Unknown program', system: 'unknown system', isMobile: false }
  const { browser, os, platform } = Bowser.parse(label)
  const major = browser.version?.split('.', 1)[0]
  return {
    browser: [browser.name || label.split(/[\s/]/, 1)[0]!.slice(0, 40), browser.name ? major : undefined]
      .filter(Boolean)
      .join(' '),
    system: os.name || 'unknown system',
    isMobile: platform.type === 'mobile' || platform.type === 'tablet',
  }
}
