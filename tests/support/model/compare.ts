import assert from 'node:assert/strict'
import { sessionIdOf } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/crypto'
import { Visitor } from '../../../packages/nuxt-cloakroom/src/testing/visitor'
import type { ModelCookie } from './model'
import { endsAt, isActive, opens } from './model'
import type { ModelProcess } from './process'
import type { World } from './world'
import { itemOf, sessionsOf } from './world'

/**
 * Checks what every cookie that was ever sent opens, why sessions ended, and the devices of every user. Changes
 * nothing, so a secret that was not presented counts as not used afterwards, too.
 */
export async function compare(world: World): Promise<void> {
  const process = itemOf(world.processes, world.steps)!
  const { cookies, users } = world
  const now = process.clock()
  // Only a client with a valid cookie may learn why its session ended.
  const newest = cookies.filter(({ session, secret }) => secret === session.secret)
  const cookiesBySession = new Map(newest.map(cookie => [cookie.session, cookie]))
  assert.deepEqual(
    {
      cookies: await Promise.all(cookies.map(cookie => openedBy(cookie, process))),
      reasons: await Promise.all([...cookiesBySession.values()].map(({ value }) =>
        process.observer.endReasonOfCookie({ kind: 'present', value }))),
      devices: await Promise.all(users.map(userId => devicesOf(userId, process))),
    },
    {
      cookies: cookies.map(cookie => opens(cookie, now) ? expected(cookie) : null),
      reasons: [...cookiesBySession.keys()].map(({ ended }) => ended?.reason ?? null),
      devices: users.map(userId => sessionsOf(world, userId)
        .filter(session => isActive(session, now))
        .map(({ id, createdAt, expiresAt }) => ({ id, createdAt, expiresAt }))
        .sort(byAge)),
    },
  )
}

interface DeviceTimes { readonly id: string, readonly createdAt: number, readonly expiresAt: number }

async function openedBy({ value }: ModelCookie, { observer }: ModelProcess) {
  const { exists, id, userId, data, expiresAt, idleExpiresAt } = await new Visitor(observer, value).begin()
  return exists ? { id, userId, data, expiresAt, idleExpiresAt } : null
}

function expected({ session }: ModelCookie) {
  const { id, userId, data, expiresAt } = session
  return { id, userId, data, expiresAt, idleExpiresAt: endsAt(session) }
}

async function devicesOf(userId: string, { observer }: ModelProcess): Promise<DeviceTimes[]> {
  const sessions = await observer.sessionsOf(userId)
  const devices = sessions.map(({ key, record: { createdAt, expiresAt } }) =>
    ({ id: sessionIdOf(key), createdAt, expiresAt }))
  const times = devices.map(({ createdAt }) => createdAt)
  assert.deepEqual(times, times.toSorted((a, b) => b - a), 'the newest device is first')
  return devices.sort(byAge)
}

/** Sessions of the same age may be in any order. */
function byAge(a: DeviceTimes, b: DeviceTimes): number {
  return b.createdAt - a.createdAt || a.id.localeCompare(b.id)
}
