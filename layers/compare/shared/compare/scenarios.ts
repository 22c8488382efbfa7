import type { Target } from './origins'

/** What the page does. */
export interface ClientSettings {
  credentials: 'include' | 'same-origin'
  contentType: 'application/json' | 'text/plain'
  /** Sends `X-Requested-With`, which a form cannot send. */
  extraHeader: boolean
}

/** The attributes of the cookie, in addition to `HttpOnly`, `Max-Age` and its path. */
export interface CookieSettings {
  sameSite: 'Lax' | 'Strict' | 'None' | null
  secure: boolean
  partitioned: boolean
}

/** What the server does. Without `cors`, it sends no CORS headers. */
export interface ServerSettings {
  cors: {
    allowOrigin: 'page' | 'another' | '*'
    allowCredentials: boolean
    answersPreflight: boolean
  } | null
  cookie: CookieSettings
}

/** The setting that differs from the right ones; `right` if none does. */
export type Kind
  = | 'right'
    | 'no-credentials'
    | 'no-allow-credentials'
    | 'not-listed'
    | 'wildcard'
    | 'no-preflight'
    | 'header'
    | 'plain'
    | 'lax'
    | 'strict'
    | 'none'
    | 'partitioned'
    | 'none-insecure'
    | 'no-samesite'

/** One way to do the job: issue a value, send it back, have it checked. */
export interface Scenario {
  /** Unique; safe in a path. */
  id: string
  kind: Kind
  target: Target
  title: string
  /** The setting that distinguishes it from the others. */
  setting: string
  client: ClientSettings
  server: ServerSettings
}

interface Variation {
  kind: Kind
  title: string
  setting: string
  client?: Partial<ClientSettings>
  cors?: Partial<NonNullable<ServerSettings['cors']>>
  cookie?: CookieSettings
  /** Runs only on this target, because it shows nothing new on the other one. */
  only?: Target
}

const CLIENT: ClientSettings = { credentials: 'include', contentType: 'application/json', extraHeader: false }
const CORS = { allowOrigin: 'page', allowCredentials: true, answersPreflight: true } as const
const LAX: CookieSettings = { sameSite: 'Lax', secure: true, partitioned: false }
const PARTITIONED: CookieSettings = { sameSite: 'None', secure: true, partitioned: true }

const VARIATIONS: Variation[] = [
  {
    kind: 'no-credentials',
    title: 'Credentials left out',
    setting: 'fetch without credentials: \'include\'',
    client: { credentials: 'same-origin' },
  },
  {
    kind: 'no-allow-credentials',
    title: 'Server does not allow credentials',
    setting: 'no Access-Control-Allow-Credentials',
    cors: { allowCredentials: false },
  },
  {
    kind: 'not-listed',
    title: 'Origin not on the allowlist',
    setting: 'Access-Control-Allow-Origin: https://app.example',
    cors: { allowOrigin: 'another' },
  },
  {
    kind: 'wildcard',
    title: 'Wildcard with credentials',
    setting: 'Access-Control-Allow-Origin: *',
    cors: { allowOrigin: '*' },
  },
  {
    kind: 'no-preflight',
    title: 'No answer to the preflight',
    setting: 'OPTIONS gets a 404',
    cors: { answersPreflight: false },
  },
  {
    kind: 'header',
    title: 'Header not allowed',
    setting: 'X-Requested-With is sent; Access-Control-Allow-Headers lacks it',
    client: { extraHeader: true },
  },
  {
    kind: 'plain',
    title: 'Plain Content-Type',
    setting: 'JSON sent as text/plain',
    client: { contentType: 'text/plain' },
  },
  { kind: 'lax', title: 'Cookie is SameSite=Lax', setting: 'SameSite=Lax; Secure', cookie: LAX, only: 'cross-site' },
  {
    kind: 'strict',
    title: 'Cookie is SameSite=Strict',
    setting: 'SameSite=Strict; Secure',
    cookie: { ...LAX, sameSite: 'Strict' },
  },
  { kind: 'no-samesite', title: 'Cookie without SameSite', setting: 'Secure', cookie: { ...LAX, sameSite: null } },
  {
    kind: 'none',
    title: 'Cookie is SameSite=None',
    setting: 'SameSite=None; Secure',
    cookie: { ...PARTITIONED, partitioned: false },
  },
  {
    kind: 'partitioned',
    title: 'Cookie is None and Partitioned',
    setting: 'SameSite=None; Secure; Partitioned',
    cookie: PARTITIONED,
    only: 'same-site',
  },
  {
    kind: 'none-insecure',
    title: 'None without Secure',
    setting: 'SameSite=None',
    cookie: { sameSite: 'None', secure: false, partitioned: false },
  },
]

const RIGHT: Record<Target, Variation> = {
  'same-origin': { kind: 'right', title: 'One origin', setting: 'no CORS; SameSite=Lax; Secure', cookie: LAX },
  'same-site': {
    kind: 'right',
    title: 'Everything right',
    setting: 'exact origin, credentials; SameSite=Lax; Secure',
    cookie: LAX,
  },
  'cross-site': {
    kind: 'right',
    title: 'Everything right',
    setting: 'exact origin, credentials; SameSite=None; Secure; Partitioned',
    cookie: PARTITIONED,
  },
}

/**
 * All scenarios: one on the page's own origin and, for each of the other two, the right one followed by common
 * mistakes.
 */
export const SCENARIOS: readonly Scenario[] = [
  scenario('same-origin', RIGHT['same-origin']),
  ...(['same-site', 'cross-site'] as const).flatMap(target => [
    scenario(target, RIGHT[target]),
    ...VARIATIONS.filter(({ only }) => only === undefined || only === target).map(variation =>
      scenario(target, variation),
    ),
  ]),
]

function scenario(target: Target, { kind, title, setting, client, cors, cookie }: Variation): Scenario {
  return {
    id: `${target}-${kind}`,
    kind,
    target,
    title,
    setting,
    client: { ...CLIENT, ...client },
    server: {
      cors: target === 'same-origin' ? null : { ...CORS, ...cors },
      cookie: cookie ?? RIGHT[target].cookie!,
    },
  }
}
