import { fileURLToPath } from 'node:url'

// The session layer. An app takes it in with one line: `extends: ['cloakroom-session']`.
export default defineNuxtConfig({
  $meta: { name: 'session' },
  $production: {
    nitro: {
      // Nitro's hooks make a task for DevTools at each call, three a request, which costs a tenth of a read and shows in no production server. hookable does without where there is none to make.
      replace: { 'typeof console.createTask': '"undefined"' },
    },
  },
  // Each value has an environment variable: NUXT_SESSION_ and the name in capitals (idleTimeout: NUXT_SESSION_IDLE_TIMEOUT).
  // What they mean, their units and limits: server/engine/config.ts. Empty means the default that stands there.
  runtimeConfig: {
    session: {
      keys: '',
      store: '',
      origin: '',
      allowedOrigins: '',
      webhookPaths: '',
      behindProxy: '',
      trustedProxies: '',
      forgedCookieLimit: '',
      crossSite: '',
      cookieName: '',
      idleTimeout: '',
      absoluteTimeout: '',
      rememberIdleTimeout: '',
      rememberAbsoluteTimeout: '',
      anonymousIdleTimeout: '',
      anonymousAbsoluteTimeout: '',
      rotateEvery: '',
      rotationGrace: '',
      onSecretReuse: '',
      freshFor: '',
      maxPerOwner: '',
      ownerLimitPolicy: '',
      maxAnonymous: '',
      audit: '',
      diagnose: '',
    },
  },
  alias: { '#auth-utils': fileURLToPath(new URL('./shared/types/auth-utils.ts', import.meta.url)) },
  // Nitro's list of Node's own modules is older than node:sqlite.
  nitro: {
    rollupConfig: { external: ['node:sqlite'] },
    // Nitro's own es2019 turns each private field into a WeakMap, and a session would be entered into several of them at each request. Every Node that Nuxt 4.5 takes knows es2022.
    esbuild: { options: { target: 'es2022' } },
  },
  vite: {
    server: {
      fs: {
        // Setting `deny` replaces Vite's own list, so its entries stand here too. Without `.data`, Vite would hand out the session store.
        deny: ['.env', '.env.*', '*.{crt,pem,key,p12,pfx,cer,der}', '.npmrc', '.yarnrc.yml', '**/.git/**', '**/.data/**'],
      },
    },
  },
})
