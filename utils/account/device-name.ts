import Bowser from 'bowser'

/** A device as a person would call it. */
export interface DeviceName {
  browser: string
  system: string
  isMobile: boolean
}

/** Reads a `User-Agent`: the client's own text, so a guess and no proof. */
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
