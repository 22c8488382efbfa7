import { fileURLToPath } from 'node:url'
import { devCertificate } from './certs/certificate'

// This is the default: certificates are verified. If the variable is not set, `nuxt dev` advises to disable that for
// the whole process.
process.env.NODE_TLS_REJECT_UNAUTHORIZED ||= '1'

const tools = ['eslint', 'playwright', 'vitest'].map(name => `../${name}.config.*`)

export default defineNuxtConfig({
  modules: ['@nuxt/eslint', '@nuxt/ui', './packages/nuxt-cloakroom/src/module'],
  devtools: { enabled: false },
  app: { head: { htmlAttrs: { lang: 'en' } } },
  css: ['~/assets/css/main.css'],
  // Nuxt UI disables transitions with an inline style, which the content security policy refuses.
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
    // Code that runs in Node but not in the server is checked as Node code. With srcDir '.' it would be checked as
    // browser code. Paths are relative to .nuxt.
    tsConfig: {
      exclude: [
        ...tools,
        '../certs',
        '../bench',
        '../scripts',
        '../packages/*/*.ts',
        '../packages/*/src/*.ts',
        '../packages/*/src/testing',
        '../packages/*/src/fuzz',
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
        '../packages/*/src/fuzz/**/*',
        '../tests/**/*',
        '../.ci/**/*',
        '../bench/*.ts',
        '../bench/lib/**/*',
      ],
      // Separate apps, checked separately.
      exclude: ['basic', 'host', 'locales', 'packed', 'spa'].map(name => `../tests/fixtures/${name}`),
    },
  },
  telemetry: false,
  hooks: {
    // Nuxt looks for router.options.ts only in a folder `app/`, and any such folder would change the source folder.
    'pages:routerOptions': ({ files }) => {
      files.push({ path: fileURLToPath(new URL('router.options.ts', import.meta.url)), optional: false })
    },
  },
  // One build supports all of them; NUXT_CLOAKROOM_STORE selects one.
  cloakroom: {
    stores: ['sqlite', 'redis', 'fs'],
    cookieName: '__Host-session', // In development too, as the README shows it.
  },
  eslint: { config: { stylistic: true } },
  // Bundled with the page's script: icons must not need a separate request, least of all offline. As SVG: in CSS,
  // each icon would need a style that the content security policy refuses.
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
