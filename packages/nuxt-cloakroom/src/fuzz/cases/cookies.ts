import type { Random } from '../random'
import type { Draft, Header } from '../request'
import type { CaseContext } from './context'
import { ownOrigin, safePath, unsafeRoute } from './context'

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
/** Of a sealed cookie. */
const COOKIE_CHARACTERS = 108
const KEY_CHARACTERS = 8
const MAX_COOKIES = 200

type Mutation = (value: string, other: string, random: Random) => string

/** Ways to change a valid value. `other` is a valid value of another session, or a random one. */
const MUTATIONS: readonly Mutation[] = [
  (value, _, random) => replaceAt(value, random, code => code ^ (1 << random.integer(7))),
  (value, _, random) => replaceAt(value, random, () => random.integer(256)),
  (value, _, random) => value.slice(0, random.integer(value.length)),
  (value, _, random) => value.slice(1 + random.integer(value.length)),
  (value, _, random) => value + random.text(1 + random.integer(600), BASE64URL),
  (value, other, random) => {
    const at = random.integer(value.length)
    return value.slice(0, at) + other.slice(at)
  },
  (value, other) => `${value},${other}`,
  (_, __, random) => random.text(COOKIE_CHARACTERS, BASE64URL),
  (_, __, random) => random.latin1(random.integer(300)),
  (value, _, random) => random.text(KEY_CHARACTERS, BASE64URL) + value.slice(KEY_CHARACTERS),
  value => value.toUpperCase(),
  value => value.toLowerCase(),
  value => `"${value}"`,
  value => `${value}=`,
  value => [...value].map(character => `%${character.charCodeAt(0).toString(16)}`).join(''),
  value => Buffer.from(value).toString('base64url'),
  value => value.split('').reverse().join(''),
  value => value.repeat(20),
  (value, _, random) => insert(value, random, random.pick(['\0', '\x01', '\t', '\x7F', '\x80', '\xFF', '%00', '+'])),
]

/**
 * A session cookie that the server has not set: a changed or mixed one, two at a time, one of another name, or a
 * random value. The module's routes must treat it as if there were none.
 */
export function forgedCookie(context: CaseContext): Draft {
  const { random } = context
  const headers = forgedCookieHeaders(context)
  if (random.oneIn(4)) return { ...unsafeRoute(context), headers: [...headers, ownOrigin(context)], cookie: 'forged' }
  return { path: safePath(context), headers, cookie: 'forged' }
}

/** `Cookie` headers without any valid session cookie. */
export function forgedCookieHeaders(context: CaseContext): Header[] {
  const { random, target: { cookieName: name }, canary } = context
  const valid = random.pick(validCookies(context))
  const forged = forgedValue(context)
  const trace = `trace=${canary('cookie')}`
  if (random.oneIn(2)) return [['Cookie', `${name}=${forged}; ${trace}`]]
  const otherName = random.pick([
    name.toLowerCase(), name.toUpperCase(), `x${name}`, `=${name}`, `${name} `, `${name}\t`, `${name}.1`, name.slice(7),
    `__Secure-${name}`, encodeURIComponent(name).replaceAll('-', '%2D'),
  ].filter(other => other !== name))
  return random.pick<Header[]>([
    [['Cookie', `${trace}; ${name}=${forged}`]],
    [['Cookie', `${name}=${valid}; ${name}=${forged}; ${trace}`]],
    [['Cookie', `${name}=${forged}; ${trace}; ${name}=${valid}`]],
    [['Cookie', `${name}=${valid}`], ['Cookie', `${name}=${forged}; ${trace}`]],
    [['Cookie', `${otherName}=${valid}; ${trace}`]],
    [['Cookie', `${trace},${name}=${valid}`]],
    [['Cookie', `${'a=b; '.repeat(random.integer(MAX_COOKIES))}${name}=${forged}; ${trace}`]],
  ])
}

/** A value that is none of the valid ones, not even after spaces around it are ignored. */
function forgedValue(context: CaseContext): string {
  const { random, target } = context
  const values = validCookies(context)
  const value = random.pick(values)
  const other = values.find(candidate => candidate !== value) ?? random.text(COOKIE_CHARACTERS, BASE64URL)
  const forged = random.pick(MUTATIONS)(value, other, random)
  const received = forged.split(/[;\r\n]/, 1)[0]!.trim()
  return target.cookies.includes(received) ? `A${forged}` : forged
}

function validCookies({ random, target }: CaseContext): readonly string[] {
  return target.cookies.length > 0 ? target.cookies : [random.text(COOKIE_CHARACTERS, BASE64URL)]
}

function replaceAt(value: string, random: Random, change: (code: number) => number): string {
  const at = random.integer(value.length)
  return value.slice(0, at) + String.fromCharCode(change(value.charCodeAt(at))) + value.slice(at + 1)
}

function insert(value: string, random: Random, text: string): string {
  const at = random.integer(value.length)
  return value.slice(0, at) + text + value.slice(at)
}
