import { argon2Sync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PasswordsBusyError, hashPassword, verifyPassword } from '../../../server/accounts/passwords'

const PASSWORD = 'a coat, a hat, an umbrella'

describe('a stored password', () => {
  it('says how it was made: Argon2id with OWASP\'s cost, and a salt of its own', async () => {
    const [first, second] = await Promise.all([hashPassword(PASSWORD), hashPassword(PASSWORD)])
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
    expect(first).not.toBe(second)
    expect(first).not.toContain(PASSWORD)
  })

  it('is opened by this password alone, byte for byte', async () => {
    const stored = await hashPassword(PASSWORD)
    expect(await verifyPassword(PASSWORD, stored)).toBe(true)
    for (const wrong of [`${PASSWORD} `, PASSWORD.toUpperCase(), PASSWORD.slice(0, -1), `${PASSWORD}\0`, '']) {
      expect(await verifyPassword(wrong, stored), JSON.stringify(wrong)).toBe(false)
    }
  })

  it('is checked to its last character, however long', async () => {
    const stored = await hashPassword(`${'x'.repeat(255)}y`)
    expect(await verifyPassword(`${'x'.repeat(255)}z`, stored)).toBe(false)
  })

  it('is still opened after the cost was raised', async () => {
    const salt = Buffer.from('somesaltsomesalt')
    const tag = argon2Sync('argon2id', {
      message: 'password',
      nonce: salt,
      parallelism: 1,
      tagLength: 32,
      memory: 64,
      passes: 1,
    })
    const [salt64, tag64] = [salt, tag].map(bytes => bytes.toString('base64').replace(/=+$/, ''))
    const stored = `$argon2id$v=19$m=64,t=1,p=1$${salt64}$${tag64}`
    expect(await verifyPassword('password', stored)).toBe(true)
    expect(await verifyPassword('passwort', stored)).toBe(false)
  })

  it('is an error where it is none of ours, and not a wrong password', async () => {
    await expect(verifyPassword(PASSWORD, '$2b$10$abcdefghijklmnopqrstuv')).rejects.toThrow(/no Argon2id hash/)
  })
})

describe('a name that nobody has', () => {
  it('is refused, whatever the password', async () => {
    expect(await verifyPassword(PASSWORD, null)).toBe(false)
  })
})

describe('a rush of sign-ins', () => {
  it('is refused beyond what can be served soon, and served again afterwards', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 70 }, () => verifyPassword(PASSWORD, null)))
    const refused = outcomes.filter(outcome => outcome.status === 'rejected')
    expect(refused).toHaveLength(70 - 64 - 2)
    expect(refused.every(({ reason }) => reason instanceof PasswordsBusyError)).toBe(true)
    expect(await verifyPassword(PASSWORD, null)).toBe(false)
  })
})
