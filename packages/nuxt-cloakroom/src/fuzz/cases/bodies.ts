import type { Random } from '../random'
import type { Draft } from '../request'
import type { CaseContext } from './context'
import { anyUnsafe, ownOrigin } from './context'
import { forgedCookieHeaders } from './cookies'

const TYPES = [
  'application/json', 'application/json; charset=utf-16', 'text/plain', 'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x', 'multipart/form-data', 'application/json, text/plain', 'application/xml', '', '/',
  'APPLICATION/JSON', 'application/json;', 'application/problem+json', 'text/plain; application/json',
]
const FIELDS = [
  'name', 'password', 'user', 'userId', 'id', 'email', 'session', 'remember', 'data', '__proto__', 'constructor',
  'prototype', 'toString', 'toJSON', 'length', '',
]
const VALUES = [
  'null', 'true', '-0', '1e400', '-1e400', '9007199254740993', '1'.repeat(400), '""', '"\\u0000"', '"\\ud800"',
  '"\\udc00\\ud800"', '[]', '{}', '[[]]', '{"__proto__":{"isAdmin":true}}', '{"constructor":{"prototype":{"x":1}}}',
  '"$ne"', '{"$gt":""}', '"../../etc/passwd"', '"<script>"', '"\\u202e"',
]
const BRACKETS = ['[', '{"a":', '[{"a":']
const MAX_DEPTH = 3000
const LARGE_BYTES = 300_000

type BodyMaker = (context: CaseContext) => Buffer | string

const BODIES: readonly BodyMaker[] = [
  object,
  object,
  context => cut(object(context), context.random),
  ({ random }) => random.pick(VALUES),
  ({ random }) => random.pick(BRACKETS).repeat(1 + random.integer(MAX_DEPTH)),
  ({ random }) => {
    const depth = 1 + random.integer(MAX_DEPTH)
    return `${'['.repeat(depth)}${']'.repeat(depth)}`
  },
  ({ random, canary }) => Buffer.from(`{"name":"${canary('body')}${random.latin1(30)}"}`, 'latin1'),
  ({ random }) => random.bytes(random.integer(400)),
  ({ canary }) => Buffer.from([0xC0, 0xAF, 0xED, 0xA0, 0x80, ...Buffer.from(canary('body'))]), // Overlong, a surrogate.
  ({ canary }) => `\uFEFF{"name":"${canary('body')}"}`,
  ({ canary }) => Buffer.from(`{"name":"${canary('body')}"}`, 'utf16le'),
  ({ canary }) => `name=${canary('body')}&__proto__[a]=1&constructor.prototype.b=2&password=%ff%00`,
  ({ canary }) => `--x\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\n${canary('body')}\r\n--x--\r\n`,
  ({ canary }) => `--x\r\nContent-Disposition: form-data; name="a"; filename="../../b"\r\n\r\n${canary('body')}`,
  ({ canary }) => JSON.stringify({ name: canary('body'), text: 'x'.repeat(LARGE_BYTES) }),
  ({ canary }) => `{"name":"${canary('body')}","name":"${canary('body')}"}`,
]

/** A body that no page would send: invalid, deep, large, or of another type than it says. */
export function body(context: CaseContext): Draft {
  const { random } = context
  const isForged = random.oneIn(3)
  const type = random.oneIn(3) ? random.pick(TYPES) : TYPES[0]!
  return {
    ...anyUnsafe(context),
    headers: [ownOrigin(context), ['Content-Type', type], ...(isForged ? forgedCookieHeaders(context) : [])],
    cookie: isForged ? 'forged' : 'absent',
    body: random.pick(BODIES)(context),
  }
}

function object({ random, canary }: CaseContext): string {
  const value = () => random.oneIn(4) ? JSON.stringify(canary('body')) : random.pick(VALUES)
  const field = () => `${JSON.stringify(random.pick(FIELDS))}:${value()}`
  const fields = Array.from({ length: 1 + random.integer(5) }, field)
  return `{${fields.join(',')}}`
}

function cut(text: string, random: Random): string {
  return text.slice(0, random.integer(text.length))
}
