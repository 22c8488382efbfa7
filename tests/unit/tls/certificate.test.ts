import { X509Certificate, createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newKey } from '../../../certs/issue.ts'
import { readPair } from '../../../server/tls/certificate.ts'
import { StartupError } from '../../../server/tls/settings.ts'
import { issuePair } from './pairs.ts'
import type { Pair } from './pairs.ts'

const NOW = new Date('2026-06-01T12:00:00Z')
const DAY_MS = 86_400_000

let folder: string
let pair: Pair
let starts: Date
let ends: Date
let paths: { cert: string, key: string, local: boolean, allowExpired: boolean }

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cloakroom-tls-'))
  pair = await issuePair(['localhost'], NOW)
  const leaf = new X509Certificate(pair.cert)
  starts = leaf.validFromDate
  ends = leaf.validToDate
})

beforeEach(() => {
  paths = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem'), local: false, allowExpired: false }
  write(pair)
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function write({ cert, key }: { cert: string | Buffer, key: string | Buffer }) {
  writeFileSync(paths.cert, cert)
  writeFileSync(paths.key, key)
}

function expectRefusal(...parts: string[]) {
  expectRefusalAt(NOW, ...parts)
}

/** One sentence, with no line break and no secret. */
function expectRefusalAt(now: Date, ...parts: string[]) {
  let error: unknown
  try {
    readPair(paths, now)
  }
  catch (caught) {
    error = caught
  }
  expect(error).toBeInstanceOf(StartupError)
  const { message } = error as StartupError
  for (const part of parts) expect(message).toContain(part)
  expect(message).toMatch(/^[^\n]*\.$/)
  expect(message).not.toContain(pair.key.split('\n')[1])
}

describe('readPair', () => {
  it('gives a pair that fits, and nothing to say about it', () => {
    const { cert, key, leaf, warning } = readPair(paths, NOW)
    expect({ cert, key, warning }).toEqual({ cert: pair.cert, key: pair.key, warning: null })
    expect(leaf.subject).toBe('CN=localhost')
  })

  it('accepts the older forms of keys', () => {
    write({ cert: pair.cert, key: createPrivateKey(pair.key).export({ type: 'sec1', format: 'pem' }) })
    expect(readPair(paths, NOW).warning).toBeNull()
  })

  describe('refuses a file that', () => {
    it('does not exist', () => {
      rmSync(paths.cert)
      expectRefusal('NUXT_TLS_CERT', paths.cert, 'cannot be read (ENOENT)')
      write(pair)
      rmSync(paths.key)
      expectRefusal('NUXT_TLS_KEY', paths.key, 'cannot be read (ENOENT)')
    })

    it('is a folder', () => {
      paths.cert = folder
      expectRefusal('NUXT_TLS_CERT', 'cannot be read (EISDIR)')
    })

    it('does not exist where the local certificate should be, and says how to make it', () => {
      paths = { ...paths, cert: join(folder, 'none.pem'), local: true }
      expectRefusal('There is no certificate', 'npm run certs', 'NUXT_TLS_CERT and NUXT_TLS_KEY')
    })

    it('is empty, binary or something else', () => {
      for (const text of [
        '',
        Buffer.from(new X509Certificate(pair.cert).raw),
        'hello\n',
        '-----BEGIN PUBLIC KEY-----\n',
      ]) {
        write({ cert: text, key: pair.key })
        expectRefusal('NUXT_TLS_CERT', 'holds no PEM certificate')
        write({ cert: pair.cert, key: text })
        expectRefusal('NUXT_TLS_KEY', 'holds no PEM private key')
      }
    })

    it('is the other one\'s', () => {
      write({ cert: pair.key, key: pair.cert })
      expectRefusal('NUXT_TLS_CERT', 'it is a private key', 'swapped')
      write({ cert: pair.cert, key: pair.cert })
      expectRefusal('NUXT_TLS_KEY', 'it is a certificate', 'swapped')
    })

    it('is damaged', () => {
      write({ cert: pair.cert.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA'), key: pair.key })
      expectRefusal('NUXT_TLS_CERT', 'cannot be parsed', 'damaged')
      write({ cert: pair.cert, key: pair.key.replace(/\n.{20}/, '\nAAAAAAAAAAAAAAAAAAAA') })
      expectRefusal('NUXT_TLS_KEY', 'cannot be parsed', 'damaged')
    })

    it('is an encrypted key', () => {
      for (const type of ['pkcs8', 'sec1'] as const) {
        const key = createPrivateKey(pair.key).export({
          type,
          format: 'pem',
          cipher: 'aes-256-cbc',
          passphrase: 'hidden',
        } as never) as string
        write({ cert: pair.cert, key })
        expectRefusal('NUXT_TLS_KEY', 'is encrypted', `openssl pkey -in ${paths.key}`)
      }
    })
  })

  it('refuses a key that is not the certificate\'s', () => {
    write({ cert: pair.cert, key: newKey() })
    expectRefusal('NUXT_TLS_KEY', 'is not the key of NUXT_TLS_CERT', 'issued together')
  })

  it('refuses a key that is not the certificate\'s, if another certificate in the file is damaged', () => {
    const damaged = pair.ca.replace(/\w{20}/, 'A'.repeat(20))
    write({ cert: pair.cert + damaged, key: newKey() })
    expectRefusal('NUXT_TLS_KEY', 'is not the key of NUXT_TLS_CERT', 'issued together')
  })

  it('refuses a chain in the wrong order', () => {
    const leaf = pair.cert.slice(0, -pair.ca.length)
    write({ cert: pair.ca + leaf, key: pair.key })
    expectRefusal('NUXT_TLS_CERT', 'wrong order', 'the server\'s own first')
  })

  it('refuses a key that OpenSSL finds too short', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const keyPair = {
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    }
    const { cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      keyPair,
      algorithm: 'sha256',
      notBeforeDate: NOW,
    })
    write({ cert, key: keyPair.privateKey })
    expectRefusalAt(new Date(NOW.getTime() + 1000), 'NUXT_TLS_CERT', 'refused by OpenSSL', 'key too small')
  })

  it('accepts a certificate from its first moment on, and refuses it a moment before', () => {
    expect(readPair(paths, starts).leaf.subject).toBe('CN=localhost')
    expectRefusalAt(new Date(starts.getTime() - 1), 'NUXT_TLS_CERT', 'not valid before', starts.toISOString())
  })

  it('accepts a certificate to its last moment, and refuses it a moment later', () => {
    expect(readPair(paths, ends).leaf.subject).toBe('CN=localhost')
    expectRefusalAt(new Date(ends.getTime() + 1), 'NUXT_TLS_CERT', 'ended on 2027-07-03', 'renew it')
    paths.local = true
    expectRefusalAt(new Date(ends.getTime() + 1), 'npm run certs')
  })

  it('serves a certificate that has ended if told so, with a warning', () => {
    paths.allowExpired = true
    expect(readPair(paths, new Date(ends.getTime() + 1)).warning).toMatch(
      /ended on 2027-07-03 and is served because of NUXT_TLS_ALLOW_EXPIRED/,
    )
  })

  it('warns when fewer than 14 days are left', () => {
    expect(readPair(paths, new Date(ends.getTime() - 14 * DAY_MS)).warning).toBeNull()
    expect(readPair(paths, new Date(ends.getTime() - 14 * DAY_MS + 1)).warning).toMatch(
      /ends in 13 days, on 2027-07-03: renew it/,
    )
  })
})
