import { consola } from 'consola'

type Values = Record<string, unknown>

/** Fields that name one user for good. */
const ID_FIELDS = ['id', 'sub', '_id', 'uid', 'userId']
/** Fields that name a user as well, but that a user may change. */
const NAME_FIELDS = ['email', 'login', 'username']
/** Fields with an account elsewhere, also with `Id` at the end: a user may have several, one for each provider. */
const PROVIDERS = (
  'apple atlassian auth0 authentik azureb2c battledotnet bitbucket bluesky cognito discord dropbox entra facebook '
  + 'fortytwo gitea github gitlab google heroku hubspot instagram keycloak kick linkedin livechat logto microsoft oidc '
  + 'okta ory osu passport paypal reddit roblox salesforce seznam shopify slack spotify steam strava tiktok twitch '
  + 'twitter vk wechat workos xsuaa yandex zendesk zitadel'
).split(' ')
const ACCOUNT_FIELDS = PROVIDERS.flatMap(provider => [`${provider}Id`, provider])
const UNNAMED = 'unnamed:'

/** Returns what identifies a user: a text, a number, a BigInt or an ObjectId. */
export type IdentifyUser = (user: never) => unknown

export interface UserChange {
  /** Which user the session belongs to so far. */
  readonly userId: string | null
  /** The `user` of the session. */
  readonly before: Values
  /** The `user` that the app has given. */
  readonly given: Values
  /** Whether `given` replaces `before`, and is not merged into it. */
  readonly replaces: boolean
  /** Replaces the fields above. */
  readonly identify: IdentifyUser | undefined
}

/** Which user a session belongs to once its `user` has changed. */
export interface AssignedUser {
  readonly userId: string
  /** The session belongs to another user so far, whose data this one must not see. */
  readonly isAnotherUser: boolean
}

let hasWarned = false

/**
 * Finds out which user a session belongs to once its `user` has changed: the same one, unless the app has given another
 * id, or another value for what identified it. An account with a further provider belongs to the same user.
 *
 * @throws TypeError if there is no user yet and `identify` returns no id
 */
export function userAfter(change: UserChange): AssignedUser {
  const { userId, given, identify } = change
  const id = identify ? idBy(identify, given, userId) : primaryIdOf(given)
  if (userId !== null && isSameUser(change, userId, id)) return { userId, isAnotherUser: false }
  return { userId: id ?? unnamedId(), isAnotherUser: userId !== null }
}

function isSameUser({ before, given, replaces, identify }: UserChange, userId: string, id: string | undefined) {
  if (identify) return id === userId || id === undefined
  if (identitiesOf(given).includes(userId)) return !isNamedOtherwise(before, given, userId)
  if (userId.startsWith(UNNAMED)) return id === undefined && !isContradicted(before, given)
  if (replaces) return id === undefined && !identitiesOf(before).includes(userId) // The app has called `signIn` itself.
  return !isIdentityContradicted(userId, before, given) && !hasFurtherId(before, given)
}

/**
 * Whether the same text has identified the user by another field, or as another kind of value: the `sub` of a provider
 * and the `id` of a table, or 5 and '5', may be two users.
 */
function isNamedOtherwise(before: Values, given: Values, userId: string): boolean {
  const known = sourcesOf(before, userId)
  return known.length > 0 && !sourcesOf(given, userId).some(source => known.includes(source))
}

/** The fields and providers by which a user has this identity. */
function sourcesOf(user: Values, identity: string): string[] {
  return [
    ...ID_FIELDS.filter(name => textOf(user[name]) === identity).map(name => `${name} ${kindOf(user[name])}`),
    ...NAME_FIELDS.filter(name => nameOf(user, name) === identity),
    ...PROVIDERS.filter(provider => accountsWith(provider, user).includes(identity)),
  ]
}

function kindOf(id: unknown): 'number' | 'text' {
  return typeof id === 'number' || typeof id === 'bigint' ? 'number' : 'text'
}

/** Whether a field that identifies a user has another value now. A user may change its own name fields. */
function isIdentityContradicted(userId: string, before: Values, given: Values): boolean {
  const names = NAME_FIELDS.filter(name => nameOf(before, name) === userId)
  return [...ID_FIELDS, ...names, ...ACCOUNT_FIELDS].some((name) => {
    const known = textOf(before[name]) ?? textOfProfile(before[name])
    return known !== undefined && given[name] !== undefined
      && known !== (textOf(given[name]) ?? textOfProfile(given[name]))
  })
}

function hasFurtherId(before: Values, given: Values): boolean {
  return ID_FIELDS.some(name => textOf(given[name]) !== undefined && textOf(before[name]) === undefined)
}

/** Whether a text, number or flag of a user has another value now, at any depth. */
function isContradicted(before: Values, given: Values): boolean {
  return Object.entries(given).some(([name, value]) => {
    const known = before[name]
    if (known === undefined || value === undefined) return false
    if (isValues(known) && isValues(value)) return isContradicted(known, value)
    return (typeof known !== 'object' || typeof value !== 'object') && known !== value
  })
}

/** Without an id it is a change of other fields, of which `identify` may know nothing. */
function idBy(identify: IdentifyUser, given: Values, userId: string | null): string | undefined {
  try {
    const id = textOf(identify(given as never))
    if (id !== undefined || userId !== null) return id
  }
  catch (error) {
    if (userId === null) throw error
    return undefined
  }
  throw new TypeError('[cloakroom] The option userId has to return a text, a number, a BigInt or an ObjectId.')
}

function primaryIdOf(user: Values): string | undefined {
  const [id] = namesOf(user)
  if (id !== undefined) return id
  const providers = PROVIDERS.filter(provider => accountsWith(provider, user).length > 0)
  return providers.length === 1 ? accountsWith(providers[0]!, user)[0] : undefined
}

/** Each text by which a user can be known. */
function identitiesOf(user: Values): string[] {
  return [
    ...namesOf(user),
    ...PROVIDERS.flatMap(provider => accountsWith(provider, user)),
  ]
}

/** The most reliable first. */
function namesOf(user: Values): string[] {
  return [
    ...ID_FIELDS.flatMap(name => textOf(user[name]) ?? []),
    ...NAME_FIELDS.flatMap(name => nameOf(user, name) ?? []),
  ]
}

/** A user may choose its name, also one that looks like the account of another user. */
function nameOf(user: Values, name: string): string | undefined {
  const text = textOf(user[name])
  return text?.includes(':') ? `${name}:${text}` : text
}

/** `{ githubId: 7 }`, `{ github: 'bob' }`, and `{ github: { id: 7 } }`, which is the provider's whole profile. */
function accountsWith(provider: string, user: Values): string[] {
  const accounts = [`${provider}Id`, provider].map(name => textOf(user[name]) ?? textOfProfile(user[name]))
  return accounts.filter(account => account !== undefined).map(account => `${provider}:${account}`)
}

function textOfProfile(profile: unknown): string | undefined {
  if (!isValues(profile)) return undefined
  return [...ID_FIELDS, ...NAME_FIELDS].map(name => textOf(profile[name])).find(text => text !== undefined)
}

/** An id as text: databases have them as numbers, BigInt, or objects such as MongoDB's ObjectId, whose JSON is text. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value))) return String(value)
  if (typeof value === 'string') return value === '' ? undefined : value
  const { toJSON } = Object(value) as { toJSON?: unknown }
  const json: unknown = typeof toJSON === 'function' ? toJSON.call(value) : undefined
  return typeof json === 'string' && json !== '' ? json : undefined
}

function isValues(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function unnamedId(): string {
  if (!hasWarned) warn()
  hasWarned = true
  return `${UNNAMED}${crypto.randomUUID()}`
}

function warn() {
  consola.warn(`[cloakroom] setUserSession was called with a user that has none of the fields ${ID_FIELDS.join(', ')}, `
    + `${NAME_FIELDS.join(', ')}, and not exactly one of a provider, for example github. A sign-out everywhere and the `
    + 'list of devices will not find its sessions. Say what identifies it: '
    + 'setUserSession(event, data, { userId: user => … }).')
}
