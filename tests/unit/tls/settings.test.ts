import { describe, expect, it } from 'vitest'
import { StartupError, readSettings } from '../../../server/tls/settings.ts'

const PAIR = { NUXT_TLS_CERT: '/etc/tls/cert.pem', NUXT_TLS_KEY: '/etc/tls/key.pem' }

function expectRefusal(env: Record<string, string>, ...parts: string[]) {
  let error: unknown
  try {
    readSettings(env)
  }
  catch (caught) {
    error = caught
  }
  expect(error).toBeInstanceOf(StartupError)
  const { message } = error as StartupError
  for (const part of parts) expect(message).toContain(part)
  expect(message).toMatch(/^[^\n]*\.$/)
}

describe('readSettings', () => {
  it('has a default for everything', () => {
    expect(readSettings({})).toEqual({
      tls: { cert: 'certs/localhost.pem', key: 'certs/localhost-key.pem', local: true, allowExpired: false },
      listen: { port: 3000, host: undefined },
      maxConnections: 10_000,
      timeouts: { handshake: 10_000, headers: 15_000, request: 30_000, keepAlive: 65_000 },
      shutdownTimeoutMs: 30_000,
    })
  })

  it('takes an empty variable for one that is not set', () => {
    const names = [
      'NUXT_TLS_CERT',
      'NUXT_TLS_KEY',
      'NUXT_CLOAKROOM_BEHIND_PROXY',
      'PORT',
      'HOST',
      'NITRO_PORT',
      'NITRO_HOST',
      'NITRO_UNIX_SOCKET',
      'NITRO_MAX_CONNECTIONS',
    ]
    expect(readSettings(Object.fromEntries(names.map(name => [name, ''])))).toEqual(readSettings({}))
  })

  it('takes the paths of a certificate and its key', () => {
    expect(readSettings(PAIR).tls).toEqual({
      cert: '/etc/tls/cert.pem',
      key: '/etc/tls/key.pem',
      local: false,
      allowExpired: false,
    })
  })

  it.each([
    ['NUXT_TLS_CERT', 'NUXT_TLS_KEY'],
    ['NUXT_TLS_KEY', 'NUXT_TLS_CERT'],
  ])('refuses %s without %s', (present, missing) => {
    expectRefusal({ [present]: 'file.pem' }, `${present} is set but ${missing} is not`, 'set both')
  })

  it.each(['1', 'true', 'TRUE', ' 1 '])('speaks plain HTTP behind a proxy (%s)', (value) => {
    expect(readSettings({ NUXT_CLOAKROOM_BEHIND_PROXY: value }).tls).toBeNull()
  })

  it.each(['0', 'false', '', ' '])('speaks TLS without a proxy (%j)', (value) => {
    expect(readSettings({ NUXT_CLOAKROOM_BEHIND_PROXY: value }).tls).not.toBeNull()
  })

  it.each(['yes', 'on', '2', '1,'])('refuses NUXT_CLOAKROOM_BEHIND_PROXY=%j rather than guess', (value) => {
    expectRefusal({ NUXT_CLOAKROOM_BEHIND_PROXY: value }, 'NUXT_CLOAKROOM_BEHIND_PROXY', 'set it to 1 or 0')
  })

  it('refuses a certificate behind a proxy, where it would not be used', () => {
    expectRefusal(
      { ...PAIR, NUXT_CLOAKROOM_BEHIND_PROXY: '1' },
      'NUXT_CLOAKROOM_BEHIND_PROXY',
      'NUXT_TLS_CERT',
      'unset one',
    )
    expectRefusal({ NUXT_TLS_KEY: 'key.pem', NUXT_CLOAKROOM_BEHIND_PROXY: '1' }, 'NUXT_TLS_KEY')
  })

  it('takes port and host as Nitro does: its own variables before the common ones', () => {
    expect(readSettings({ PORT: '4000', HOST: '127.0.0.1' }).listen).toEqual({ port: 4000, host: '127.0.0.1' })
    expect(readSettings({ PORT: '4000', NITRO_PORT: '5000', HOST: 'a', NITRO_HOST: '::1' }).listen).toEqual({
      port: 5000,
      host: '::1',
    })
    expect(readSettings({ NITRO_UNIX_SOCKET: '/run/app.sock', PORT: '4000' }).listen).toEqual({ path: '/run/app.sock' })
  })

  it.each(['0', '65535', ' 443 '])('accepts %j for a port', (value) => {
    expect(readSettings({ PORT: value }).listen).toMatchObject({ port: Number(value) })
  })

  it.each(['-1', '65536', '3000.5', '0x10', '1e3', 'http', '3000a'])('refuses %j for a port', (value) => {
    expectRefusal({ PORT: value }, 'PORT is', 'from 0 to 65535')
    expectRefusal({ NITRO_PORT: value }, 'NITRO_PORT is')
  })

  it('takes the limits of connections and of shutting down', () => {
    expect(readSettings({ NITRO_MAX_CONNECTIONS: '1', NITRO_SHUTDOWN_TIMEOUT: '0' })).toMatchObject({
      maxConnections: 1,
      shutdownTimeoutMs: 0,
    })
    expectRefusal({ NITRO_MAX_CONNECTIONS: '0' }, 'NITRO_MAX_CONNECTIONS', 'from 1')
    expectRefusal({ NITRO_SHUTDOWN_TIMEOUT: '30s' }, 'NITRO_SHUTDOWN_TIMEOUT')
  })

  it('takes how long clients may take, in milliseconds', () => {
    const env = {
      NITRO_HANDSHAKE_TIMEOUT: '1',
      NITRO_HEADERS_TIMEOUT: '2',
      NITRO_REQUEST_TIMEOUT: '2',
      NITRO_KEEP_ALIVE_TIMEOUT: '3',
    }
    expect(readSettings(env).timeouts).toEqual({ handshake: 1, headers: 2, request: 2, keepAlive: 3 })
    for (const name of Object.keys(env)) expectRefusal({ ...env, [name]: '0' }, name, 'from 1')
    expectRefusal({ NITRO_KEEP_ALIVE_TIMEOUT: '65s' }, 'NITRO_KEEP_ALIVE_TIMEOUT')
  })

  it('refuses more time for the headers than for the whole request', () => {
    expectRefusal({ NITRO_HEADERS_TIMEOUT: '30001' }, 'NITRO_HEADERS_TIMEOUT is longer than NITRO_REQUEST_TIMEOUT')
  })
})
