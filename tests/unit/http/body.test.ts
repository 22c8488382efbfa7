import type { IncomingMessage } from 'node:http'
import { describe, expect, it } from 'vitest'
import { readText } from '../../../packages/nuxt-cloakroom/src/runtime/server/http/body'

const TEXT = '{"a":"ü"}'
const BYTES = new TextEncoder().encode(TEXT)

describe('readText, if a platform or a middleware has read the body before', () => {
  it.each([
    ['text', TEXT],
    ['bytes', BYTES],
    ['a Buffer', Buffer.from(TEXT)],
    ['an ArrayBuffer', BYTES.buffer],
    ['a stream', new Response(TEXT).body],
    ['a Blob', new Blob([TEXT])],
    ['parsed JSON', { a: 'ü' }],
    ['a promise of them', Promise.resolve(TEXT)],
  ])('takes %s', async (_, body) => {
    expect(await readText({ body } as unknown as IncomingMessage)).toBe(TEXT)
  })

  it('takes a form that was parsed as it was sent', async () => {
    const body = new URLSearchParams({ a: 'ü', b: '1' })
    expect(await readText({ body } as unknown as IncomingMessage)).toBe('a=%C3%BC&b=1')
  })

  it.each([
    ['bytes', (length: number) => new Uint8Array(length)],
    ['a stream', (length: number) => new Response(new Uint8Array(length)).body],
  ])('refuses %s over 64 KiB', async (_, bodyOf) => {
    const read = (length: number) => readText({ body: bodyOf(length) } as unknown as IncomingMessage)
    await expect(read(64 * 1024)).resolves.toHaveLength(64 * 1024)
    await expect(read(64 * 1024 + 1)).rejects.toMatchObject({ statusCode: 413 })
  })
})
