import { describe, expect, it } from 'vitest'
import { resolveHost } from '../../../packages/nuxt-cloakroom/src/fuzz/loopback'
import type { TestSession } from '../../../packages/nuxt-cloakroom/src/fuzz/sessions'
import { secretsOf } from '../../../packages/nuxt-cloakroom/src/fuzz/sessions'

const session = (number: number, userId: string | null): TestSession => ({
  id: `public-id-${number}`,
  cookieName: '__Host-session',
  cookie: `cookie-value-${number}`,
  userId,
  markers: [`marker-${number}`],
})

describe('the secrets of a session', () => {
  it('are its cookie, its id, its user and its markers', () => {
    expect(secretsOf([session(1, 'ada-lovelace'), session(2, null)]).map(({ markers }) => markers)).toEqual([
      ['cookie-value-1', 'public-id-1', 'ada-lovelace', 'marker-1'],
      ['cookie-value-2', 'public-id-2', 'marker-2'],
    ])
  })

  it('are only its cookie if the other session has the same user, who may list both', () => {
    expect(secretsOf([session(1, 'ada-lovelace'), session(2, 'ada-lovelace')]).map(({ markers }) => markers))
      .toEqual([['cookie-value-1'], ['cookie-value-2']])
  })

  it('are not a user id that is so short that a response may contain it by chance', () => {
    expect(secretsOf([session(1, 'ada')])[0]!.markers).not.toContain('ada')
  })
})

describe('the address of the server', () => {
  it.each(['localhost', '127.0.0.1', '127.9.9.9', '[::1]'])('is this machine: %s', async (hostname) => {
    expect(await resolveHost(hostname)).toMatchObject({ isLoopback: true })
  })

  it.each(['192.0.2.1', '0.0.0.0', '[::]', '[::ffff:192.0.2.1]', '[2001:db8::1]', '128.0.0.1'])(
    'is another machine, or could be: %s',
    async (hostname) => {
      expect(await resolveHost(hostname)).toMatchObject({ isLoopback: false })
    },
  )
})
