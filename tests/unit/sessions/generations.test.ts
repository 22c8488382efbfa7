import { expect, it } from 'vitest'
import { Generations } from '../../../packages/nuxt-cloakroom/src/runtime/server/sessions/generations'

const MAX_SESSIONS = 10_000

it('Generations remembers ten thousand sessions, and forgets the least recently used one', () => {
  const generations = new Generations()
  for (let i = 0; i < MAX_SESSIONS; i++) generations.record(`key ${i}`, 2)
  expect(generations.isOutdated({ key: 'key 0', secretGeneration: 1 })).toBe(true)
  generations.record('one more', 2)
  const isOutdated = ['key 0', 'key 1', 'one more'].map(key => generations.isOutdated({ key, secretGeneration: 1 }))
  expect(isOutdated).toEqual([true, false, true])
})
