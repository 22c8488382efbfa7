import { execFile } from 'node:child_process'
import { X509Certificate, createPrivateKey } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { RENEW_BEFORE_MS, devCertificate, ensureCertificate } from '../../../certs/certificate.ts'
import { certificateFiles } from '../../../certs/files.ts'
import type { CertificateFiles } from '../../../certs/files.ts'
import { CA_LIFETIME_MS, LEAF_LIFETIME_MS } from '../../../certs/issue.ts'
import { subjectNames } from '../../../server/tls/subject-names.ts'

const NOW = new Date('2026-06-01T12:00:00Z')
const HOUR_MS = 3_600_000

let folder: string
let files: CertificateFiles

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-certs-'))
  files = certificateFiles(folder)
  vi.stubEnv('NUXT_TLS_NAMES', '')
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const ensure = (now = NOW, options = {}) => ensureCertificate({ folder, now, ...options })
const later = (ms: number, than = NOW) => new Date(than.getTime() + ms)
const leaf = () => new X509Certificate(readFileSync(files.cert))
const ca = () => new X509Certificate(readFileSync(files.caCert))
const contents = () => Object.values(files).map(path => readFileSync(path, 'utf8'))

function expectConsistent() {
  expect(leaf().checkPrivateKey(keyOf(files.key))).toBe(true)
  expect(ca().checkPrivateKey(keyOf(files.caKey))).toBe(true)
  expect(leaf().verify(ca().publicKey)).toBe(true)
  expect(readFileSync(files.cert, 'utf8').endsWith(readFileSync(files.caCert, 'utf8'))).toBe(true)
  expect(readdirSync(folder).sort()).toEqual(['ca-key.pem', 'ca.pem', 'localhost-key.pem', 'localhost.pem'])
}

describe('devCertificate', () => {
  it('makes a CA and a certificate for this machine, and gives the paths of key and certificate', async () => {
    expect(await devCertificate({ folder, now: NOW })).toEqual({ key: files.key, cert: files.cert })
    expectConsistent()
    expect(subjectNames(leaf())).toEqual(['localhost', '127.0.0.1', '::1'])
  })

  it('keeps keys from other users of the machine', async () => {
    await ensure()
    expect([files.key, files.caKey].map(path => statSync(path).mode & 0o777)).toEqual([0o600, 0o600])
  })

  it('begins an hour in the past and lasts 397 days, the CA five years', async () => {
    await ensure()
    expect(leaf().validFromDate).toEqual(later(-HOUR_MS))
    expect(leaf().validToDate).toEqual(later(LEAF_LIFETIME_MS - HOUR_MS))
    expect(ca().validFromDate).toEqual(later(-HOUR_MS))
    expect(ca().validToDate).toEqual(later(CA_LIFETIME_MS - HOUR_MS))
  })

  it('changes nothing while the files are good', async () => {
    await ensure()
    const before = contents()
    await ensure(later(HOUR_MS))
    expect(contents()).toEqual(before)
  })

  it('writes nowhere when the files are good, so that the folder may be read-only', async () => {
    await ensure()
    const before = statSync(folder).mtimeMs
    await ensure()
    expect(statSync(folder).mtimeMs).toBe(before)
  })
})

describe('renewal', () => {
  it.each([
    ['keeps a certificate that has more than 30 days to live', RENEW_BEFORE_MS + 1000, true],
    ['renews one that has 30 days', RENEW_BEFORE_MS, false],
    ['renews one that has ended', -1000, false],
  ])('%s', async (_, leftMs, kept) => {
    await ensure()
    const before = leaf().serialNumber
    const then = later(-leftMs, leaf().validToDate)
    await ensure(then)
    expect(leaf().serialNumber === before).toBe(kept)
    expect(leaf().validToDate > then).toBe(true)
  })

  it('renews a certificate that is not valid yet, because the clock went back', async () => {
    await ensure()
    await ensure(later(-2 * HOUR_MS))
    expect(leaf().validFromDate).toEqual(later(-3 * HOUR_MS))
    expectConsistent()
  })

  it('keeps the CA and both keys, so that trust given to the CA lasts', async () => {
    await ensure()
    const [caCert, caKey, , key] = contents()
    await ensure(later(LEAF_LIFETIME_MS))
    const after = contents()
    expect([after[0], after[1], after[3]]).toEqual([caCert, caKey, key])
    expectConsistent()
  })

  it.each([
    ['keeps a CA that outlives a new certificate', LEAF_LIFETIME_MS + 1000, true],
    ['renews a CA that does not', LEAF_LIFETIME_MS, false],
  ])('%s', async (_, leftMs, kept) => {
    await ensure()
    const before = ca()
    const then = later(-leftMs, before.validToDate)
    await ensure(then)
    expect(ca().serialNumber === before.serialNumber).toBe(kept)
    expect(ca().subject).toBe(before.subject)
    expect(leaf().validToDate <= ca().validToDate).toBe(true)
    expectConsistent()
  })

  it('makes a new certificate when forced, for the same key and by the same CA', async () => {
    await ensure()
    const [before, caBefore] = [leaf(), ca()]
    await ensure(NOW, { force: true })
    expect(leaf().serialNumber).not.toBe(before.serialNumber)
    expect(leaf().publicKey.equals(before.publicKey)).toBe(true)
    expect(ca().serialNumber).toBe(caBefore.serialNumber)
  })
})

describe('names', () => {
  it('come from NUXT_TLS_NAMES', async () => {
    vi.stubEnv('NUXT_TLS_NAMES', 'app.test,10.0.0.7,fd00::7')
    await ensure()
    expect(subjectNames(leaf())).toEqual(['localhost', '127.0.0.1', '::1', 'app.test', '10.0.0.7', 'fd00::7'])
  })

  it('that are dropped, or that the CA permits, make a new certificate, by the same CA', async () => {
    await ensure(NOW, { names: 'app.test' })
    const before = ca().serialNumber
    await ensure()
    expect(subjectNames(leaf())).not.toContain('app.test')
    await ensure(NOW, { names: '*.app.test,api.app.test,app.localhost' })
    expect(subjectNames(leaf())).toContain('api.app.test')
    expect(ca().serialNumber).toBe(before)
  })

  it('in another order or spelling change nothing', async () => {
    await ensure(NOW, { names: 'a.test,fd00::7' })
    const before = contents()
    await ensure(NOW, { names: 'FD00:0::7,A.test' })
    expect(contents()).toEqual(before)
  })

  it('that are wrong leave the files alone', async () => {
    await expect(ensure(NOW, { names: 'https://app.test' })).rejects.toThrow('NUXT_TLS_NAMES')
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('damage', () => {
  it.each(['caCert', 'cert', 'key'] as const)(
    'of %s is mended, whether it is missing, empty, torn or nonsense',
    async (name) => {
      await ensure()
      const whole = readFileSync(files[name], 'utf8')
      for (const text of [null, '', whole.slice(0, 100), 'nonsense\n']) {
        if (text === null) rmSync(files[name])
        else writeFileSync(files[name], text)
        await ensure()
        expectConsistent()
      }
    },
  )

  it.each([null, '', 'nonsense\n'])(
    'of the CA\'s key (%j) is mended when the key is needed, with a new CA',
    async (text) => {
      await ensure()
      const before = ca().subject
      if (text === null) rmSync(files.caKey)
      else writeFileSync(files.caKey, text)
      await ensure()
      expect(ca().subject).toBe(before)
      await ensure(NOW, { force: true })
      expect(ca().subject).not.toBe(before)
      expectConsistent()
    },
  )

  it('by a key from elsewhere is mended', async () => {
    await ensure()
    const other = join(folder, 'other')
    await ensureCertificate({ folder: other, now: NOW })
    writeFileSync(files.key, readFileSync(certificateFiles(other).key))
    rmSync(other, { recursive: true })
    await ensure()
    expectConsistent()
  })
})

describe('a folder that cannot be used', () => {
  it('is named, with what to do', async () => {
    const blocked = join(folder, 'file')
    writeFileSync(blocked, '')
    await expect(ensureCertificate({ folder: join(blocked, 'certs'), now: NOW })).rejects.toThrow(
      /^\[certs\] .*\.pem cannot be read \(ENOTDIR\)/,
    )
  })

  it.skipIf(process.getuid?.() === 0)('because it is read-only is named, with what to do', async () => {
    chmodSync(folder, 0o500)
    await expect(ensure()).rejects.toThrow(/cannot be written \(EACCES\)\. Make its folder writable/)
  })

  it('is made if it is only missing', async () => {
    mkdirSync(join(folder, 'a'))
    await ensureCertificate({ folder: join(folder, 'a', 'b'), now: NOW })
    expect(existsSync(join(folder, 'a', 'b', 'localhost.pem'))).toBe(true)
  })
})

describe('several at once', () => {
  it('in one process end with one pair that fits', async () => {
    await Promise.all(Array.from({ length: 8 }, () => ensure()))
    expectConsistent()
  })

  it('in one process, renewing the CA, end with one pair that fits', async () => {
    await ensure()
    const then = later(-1, ca().validToDate)
    await Promise.all(Array.from({ length: 8 }, () => ensure(then)))
    expectConsistent()
    expect(leaf().checkIssued(ca())).toBe(true)
  })

  it('in processes of their own never show a pair that does not fit', async () => {
    const source = join(import.meta.dirname, '../../../certs/certificate.ts')
    const program = `
      const { devCertificate } = await import(${JSON.stringify(source)})
      const { X509Certificate, createPrivateKey } = await import('node:crypto')
      const { readFileSync } = await import('node:fs')
      for (let i = 0; i < 5; i++) {
        const { key, cert } = await devCertificate({ folder: ${JSON.stringify(folder)}, force: i > 0 })
        const leaf = new X509Certificate(readFileSync(cert))
        if (!leaf.checkPrivateKey(createPrivateKey(readFileSync(key)))) throw new Error('not its key')
        const ca = new X509Certificate(readFileSync(${JSON.stringify(files.caCert)}))
        if (!leaf.verify(ca.publicKey)) throw new Error('not its CA')
      }`
    const run = promisify(execFile)
    await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', program])))
    expectConsistent()
  })
})

function keyOf(path: string) {
  return createPrivateKey(readFileSync(path))
}
