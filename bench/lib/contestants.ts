import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import type { Launch, ServerOptions } from './server.ts'

const BENCH = join(import.meta.dirname, '..')

/** The benchmark's app: the module, with the main app's routes for its value and the main app's server. */
export const APP = { folder: join(BENCH, 'app'), file: join(BENCH, 'app/.output/server/index.mjs') }
export const AUTH_UTILS = {
  folder: join(BENCH, 'peers/nuxt-auth-utils'),
  file: join(BENCH, 'peers/nuxt-auth-utils/.output/server/index.mjs'),
}

/** The resources that the contestants use. */
export interface Resources {
  /** An empty folder for stores. */
  readonly folder: string
  /** `null` without Redis; contestants that need it are then left out. */
  readonly redisUrl: string | null
}

/**
 * The settings of this module's servers. During a run no session may rotate or be swept, and no request may be refused
 * for too many forged cookies. The load does not use the new cookie after a rotation, and comes from one address.
 */
export function moduleEnvironment(store: string, { cert, key, port }: ServerOptions): Record<string, string> {
  return {
    NUXT_TLS_CERT: cert,
    NUXT_TLS_KEY: key,
    NUXT_CLOAKROOM_STORE: store,
    NUXT_CLOAKROOM_ORIGIN: `https://localhost:${port}`,
    NUXT_CLOAKROOM_ROTATE_EVERY: '12h',
    NUXT_CLOAKROOM_MAX_ANONYMOUS: '100000000',
    NITRO_HOST: '127.0.0.1',
  }
}

/** Returns the compared servers by name, each set up as its documentation says. */
export function contestants({ folder, redisUrl }: Resources): Record<string, Launch> {
  const ours = (store: string, env = {}): Launch => ({
    file: APP.file,
    env: at => ({ ...moduleEnvironment(store, at), ...env }),
  })
  const peer = (file: string, env = {}): Launch => ({
    file: join(BENCH, 'peers', file),
    env: ({ cert, key }) => ({ BENCH_CERT: cert, BENCH_KEY: key, ...env }),
  })
  return {
    'node:https': peer('bare.mjs'),
    'ours, memory': ours('memory:'),
    'ours, SQLite': ours(`sqlite:${join(folder, 'ours.db')}`),
    'ours, SQLite, limit lifted': ours(`sqlite:${join(folder, 'lifted.db')}`, {
      NUXT_CLOAKROOM_FORGED_COOKIE_LIMIT: '1000000000',
    }),
    'ours, SQLite, flooded': ours(`sqlite:${join(folder, 'flooded.db')}`),
    ...(redisUrl && { 'ours, Redis': ours(redisUrl, { NUXT_CLOAKROOM_KEYS: randomBytes(32).toString('base64url') }) }),
    'express-session, memory': peer('express.mjs', { BENCH_STORE: 'memory' }),
    'express-session, SQLite': peer('express.mjs', { BENCH_STORE: 'sqlite', BENCH_FILE: join(folder, 'express.db') }),
    ...(redisUrl && { 'express-session, Redis': peer('express.mjs', { BENCH_STORE: 'redis', BENCH_REDIS: redisUrl }) }),
    'h3 useSession': peer('h3.mjs'),
    'nuxt-auth-utils': {
      file: AUTH_UTILS.file,
      env: ({ cert, key }) => ({
        NITRO_SSL_CERT: readFileSync(cert, 'utf8'),
        NITRO_SSL_KEY: readFileSync(key, 'utf8'),
        NITRO_HOST: '127.0.0.1',
        NUXT_SESSION_PASSWORD: randomBytes(32).toString('base64url'),
      }),
    },
    'iron-session': peer('iron.mjs'),
    'better-auth, SQLite': peer('better-auth.mjs', { BENCH_FILE: join(folder, 'better-auth.db') }),
  }
}
