import { fileURLToPath } from 'node:url'
import { devCertificate } from './certs/certificate'

// As it is anyway: certificates are verified. Unset, `nuxt dev` advises to switch that off for the whole process.
process.env.NODE_TLS_REJECT_UNAUTHORIZED ||= '1'

const tools = ['eslint', 'playwright', 'vitest'].map(name => `../${name}.config.*`)

export default defineNuxtConfig({
  modules: ['@nuxt/eslint', '@nuxt/ui', './packages/nuxt-cloakroom/src/module'],
  devtools: { enabled: false },
  app: { head: { htmlAttrs: { lang: 'en' } } },
  css: ['~/assets/css/main.css'],
  // Nuxt UI's way to do it is an inline style, which the content security policy refuses.
  colorMode: { disableTransition: false },
  ui: { fonts: false },
  runtimeConfig: {
    accounts: { file: '' }, // NUXT_ACCOUNTS_FILE; empty means .data/accounts.db.
  },
  srcDir: '.', // Any file in a root app/ folder would silently move it and drop pages/.
  devServer: { https: await devCertificate() },
  compatibilityDate: '2026-11-01',
  typescript: {
    strict: true,
    // What runs in Node but not in the server is checked as such; srcDir '.' would take it for browser code. Relative
    // to .nuxt.
    tsConfig: {
      exclude: [
        ...tools,
        '../certs',
        '../bench',
        '../scripts',
        '../packages/*/*.ts',
        '../packages/*/src/*.ts',
        '../packages/*/src/testing',
        ...['*.ts', 'unit', 'faults', 'e2e', 'support', 'fixtures'].map(name => `../tests/${name}`),
      ],
    },
    nodeTsConfig: {
      compilerOptions: { paths: { '#cloakroom': ['../packages/nuxt-cloakroom/src/runtime/shared/types/index'] } },
      include: [
        ...tools,
        '../certs/**/*',
        '../scripts/**/*',
        '../packages/*/*.ts',
        '../packages/*/src/*.ts',
        '../packages/*/src/testing/**/*',
        '../tests/**/*',
        '../.ci/**/*',
        '../bench/*.ts',
        '../bench/lib/**/*',
      ],
      exclude: ['../tests/fixtures/basic', '../tests/fixtures/packed'], // Apps of their own, checked as such.
    },
  },
  telemetry: false,
  hooks: {
    // Nuxt looks for router.options.ts in a folder `app/` alone, and any such folder would move the sources' root.
    'pages:routerOptions': ({ files }) => {
      files.push({ path: fileURLToPath(new URL('router.options.ts', import.meta.url)), optional: false })
    },
  },
  // One build runs on each of them, by NUXT_CLOAKROOM_STORE.
  cloakroom: { stores: ['sqlite', 'redis', 'fs'] },
  eslint: { config: { stylistic: true } },
  // In the page's own script: icons must not need a request of their own, least of all offline. As SVG: in CSS, each
  // would need a style that the content security policy refuses.
  icon: {
    mode: 'svg',
    // The module's own route for more icons keeps each response in memory forever: 460 kB for a request of 15 kB.
    provider: 'none',
    clientBundle: {
      scan: {
        globInclude: ['**/{components,composables,pages,utils}/**/*.{ts,vue}', '*.{ts,vue}'],
        globExclude: ['**/node_modules/**'],
      },
    },
  },
})
