import {
  addComponent, addImports, addPlugin, addRouteMiddleware, addServerHandler, addServerImports, addServerPlugin,
  addServerTemplate, addTypeTemplate, createResolver, defineNuxtModule,
} from '@nuxt/kit'
import type { Nuxt } from '@nuxt/schema'
import { version } from '../package.json'
import { DEVICES_PATH, EVENTS_PATH, EXTEND_PATH, SESSION_PATH } from './runtime/shared/routes'
import { DEFAULT_COOKIE_NAME, SETTING_NAMES } from './runtime/server/nitro/settings'
import { developmentCookieName, shareDevOrigin } from './development'
import { assertNuxt4, checkOptions, requiredStores, storesTemplate } from './options'
import type { ModuleOptions } from './options'
import { denyPrivateFiles } from './private-files'

export type { ModuleOptions } from './options'

const NAME = 'nuxt-cloakroom'

export default defineNuxtModule<ModuleOptions>({
  meta: {
    name: NAME,
    version,
    configKey: 'cloakroom',
    docs: 'https://github.com/nuxt-cloakroom/nuxt-cloakroom#readme',
  },
  setup(options, nuxt) {
    assertNuxt4(nuxt._version)
    const { resolve } = createResolver(import.meta.url)
    const runtime = (path: string) => resolve('./runtime', path)
    checkOptions(options, nuxt.options.runtimeConfig.cloakroom)
    addRuntimeConfig(nuxt.options.dev ? { cookieName: developmentCookieName(nuxt), ...options } : options, nuxt)
    addServer(options, nuxt, runtime)
    addApp(nuxt, runtime)
    addTypes(nuxt, runtime)
    configureServer(nuxt)
    denyPrivateFiles(options, nuxt)
    protectOwnRoutes(nuxt)
    shareDevOrigin(nuxt)
  },
})

/** Files in `shared/types`. */
const TYPES = ['augmentations', 'index', 'auth-utils']

type Runtime = (path: string) => string
type Configuration = Record<string, object | undefined>

/** Each setting is a runtime setting with an environment variable. An empty string means the default. */
function addRuntimeConfig({ stores: _, loadStrategy = 'server-first', ...settings }: ModuleOptions, nuxt: Nuxt) {
  const empty = Object.fromEntries(SETTING_NAMES.map(name => [name, '']))
  const { runtimeConfig } = nuxt.options as { runtimeConfig: Configuration & { public: Configuration } }
  const cloakroom = { ...empty, ...settings, ...runtimeConfig.cloakroom } as Record<string, unknown>
  runtimeConfig.cloakroom = cloakroom
  const cookieName = cloakroom.cookieName || DEFAULT_COOKIE_NAME
  runtimeConfig.public.cloakroom = { ...runtimeConfig.public.cloakroom as object, cookieName, loadStrategy }
}

function addServer(options: ModuleOptions, nuxt: Nuxt, runtime: Runtime) {
  const stores = requiredStores(options, process.env)
  let hasCustomEntry = false
  nuxt.hook('nitro:init', ({ options }) => {
    const { entry = '' } = options as { entry?: string } // Static hosting has none.
    hasCustomEntry = entry !== '' && !entry.replaceAll('\\', '/').includes('/nitropack/')
  })
  addServerTemplate({
    filename: '#cloakroom-stores',
    getContents: () => [
      storesTemplate(stores, runtime('server/stores')),
      `export const hasCustomEntry = ${hasCustomEntry}\n`,
    ].join(''),
  })
  addServerPlugin(runtime('server/plugins/cloakroom'))
  addRoutes(runtime)
  const names = {
    'body': ['assertNoBody', 'readJson'],
    'rate-limit': ['clientAddress', 'defineRateLimit'],
    'server-session': ['requireSession', 'useServerSession'],
    'session-view': ['sessionView'],
    'user-session': [
      'clearUserSession', 'getUserSession', 'replaceUserSession', 'requireUserSession', 'sessionHooks',
      'setUserSession',
    ],
    'user-sessions': ['listUserSessions', 'reportFailedSignIn', 'revokeUserSessions'],
    'web-socket': ['defineSessionWebSocketHandler', 'socketSession'],
  }
  addServerImports(Object.entries(names).flatMap(([file, exported]) =>
    exported.map(name => ({ name, from: runtime(`server/utils/${file}`) }))))
}

function addRoutes(runtime: Runtime) {
  const api = (file: string) => runtime(`server/api/${file}`)
  const device = `${DEVICES_PATH}/:id`
  addServerHandler({ route: SESSION_PATH, method: 'get', handler: api('session.get') })
  addServerHandler({ route: SESSION_PATH, method: 'delete', handler: api('session.delete') })
  addServerHandler({ route: EXTEND_PATH, method: 'post', handler: api('extend.post') })
  addServerHandler({ route: DEVICES_PATH, method: 'get', handler: api('devices.get') })
  addServerHandler({ route: DEVICES_PATH, method: 'delete', handler: api('devices.delete') })
  addServerHandler({ route: device, method: 'delete', handler: api('device.delete') })
  addServerHandler({ route: EVENTS_PATH, method: 'get', handler: api('events.get') })
  for (const route of [SESSION_PATH, EXTEND_PATH, DEVICES_PATH, device]) {
    addServerHandler({ route, handler: api('method-not-allowed') })
  }
}

function addApp(nuxt: Nuxt, runtime: Runtime) {
  addPlugin({ src: runtime('app/plugins/pass-request.server'), mode: 'server' })
  addPlugin(runtime('app/plugins/session'))
  addImports([
    { name: 'useUserSession', from: runtime('app/composables/useUserSession') },
    { name: 'useFormDraft', from: runtime('app/composables/useFormDraft') },
    { name: 'safeReturnTo', from: runtime('app/utils/return-to') },
    { name: 'diagnoseSession', from: runtime('app/diagnose/diagnose-session') },
  ])
  addComponent({ name: 'AuthState', filePath: runtime('app/components/AuthState.vue') })
  addComponent({ name: 'SessionExpiryWarning', filePath: runtime('app/components/SessionExpiryWarning.vue') })
  addRouteMiddleware({ name: 'auth', path: runtime('app/middleware/auth') })
  addRouteMiddleware({ name: 'guest', path: runtime('app/middleware/guest') })
  nuxt.options.build.transpile.push(runtime('.'))
}

function addTypes(nuxt: Nuxt, runtime: Runtime) {
  nuxt.options.alias['#cloakroom'] = runtime('shared/types/index')
  nuxt.options.alias['#auth-utils'] ??= runtime('shared/types/auth-utils')
  addTypeTemplate({
    filename: 'types/cloakroom.d.ts',
    getContents: () => typesTemplate(TYPES.map(name => runtime(`shared/types/${name}`))),
  }, { nitro: true, nuxt: true, node: true, shared: true })
  addTypeTemplate({
    filename: 'types/cloakroom-pages.d.ts',
    getContents: () => typesTemplate([runtime('shared/types/page-config')]),
  }, { nuxt: true, shared: true }) // The server does not know vue-router.
  addTypeTemplate({
    filename: 'types/cloakroom-stores.d.ts',
    getContents: () => storesTypeTemplate(runtime('server/stores/open-store')),
  }, { nitro: true, node: true })
}

/** Loads the types: TypeScript merges an app's `declare module` only into files that are part of the program. */
function typesTemplate(paths: string[]): string {
  return paths.map(path => `import ${JSON.stringify(path)}\n`).join('')
}

/** Without an import or export of its own, because it declares a module. */
function storesTypeTemplate(openStore: string): string {
  return `declare module '#cloakroom-stores' {
  export const storeOpeners: import(${JSON.stringify(openStore)}).StoreOpeners
  export const hasCustomEntry: boolean
}
`
}

function configureServer(nuxt: Nuxt) {
  nuxt.hook('nitro:config', (config) => {
    // Nitro's own es2019 turns private fields into WeakMaps. Every Node that Nuxt 4 supports has es2022.
    config.esbuild = { ...config.esbuild, options: { target: 'es2022', ...config.esbuild?.options } }
    // Nitro's hooks create a DevTools task at each call, three per request, which costs a tenth of a read.
    if (!nuxt.options.dev) config.replace = { 'typeof console.createTask': '"undefined"', ...config.replace }
  })
}

/**
 * The module's own routes are never cached, prerendered, proxied, redirected or switched off, whatever the app's rules
 * for `/**` or `/api/**` say.
 */
function protectOwnRoutes(nuxt: Nuxt) {
  const pattern = `${SESSION_PATH}/**`
  nuxt.hook('nitro:config', (config) => {
    const rule = { cache: false, swr: false, isr: false, prerender: false, session: { crossOrigin: false } } as const
    config.routeRules = { ...config.routeRules, [pattern]: rule }
  })
  // Only here: Nitro drops these two while they are false.
  nuxt.hook('nitro:init', ({ options }) => {
    Object.assign(options.routeRules[pattern]!, { proxy: false, redirect: false })
  })
}
