import { dirname, join, relative, sep } from 'node:path'
import withNuxt from './.nuxt/eslint.config.mjs'

const MODULE = 'packages/nuxt-cloakroom/src'
const SERVER = `${MODULE}/runtime/server`
const CORE = [`${SERVER}/{sessions,stores,http,live}/**/*.ts`]

/**
 * Imports go one way: a folder may import from those listed after it, and from shared types. The README shows the
 * same.
 */
const LAYERS = ['api', 'plugins', 'diagnose', 'utils', 'nitro', 'live', 'http', 'stores', 'sessions']

const FRAMEWORK = {
  regex: '^(nuxt|h3|nitropack|ofetch|crossws)($|/)|^@nuxt/|^#',
  message: 'Only nitro/ knows Nitro and h3; sessions/, stores/, http/ and live/ are plain TypeScript.',
}
const SERVER_CODE = {
  regex: '(^|/)server(/|$)|^#server(/|$)',
  message: 'Pages, components and composables never import server code: call a route.',
}
const THE_APP = {
  regex: '^(~|@|~~|@@)(/|$)|^#(shared|server)(/|$)',
  message: 'The module knows nothing of the app that uses it: these names are the app\'s.',
}

/** Returns a visitor that calls `check` for each relative import of a file, with the path that it resolves to. */
const importsOf = (context, check) => {
  const visit = ({ source }) => {
    if (typeof source?.value !== 'string' || !source.value.startsWith('.')) return
    check(source, join(dirname(context.filename), source.value))
  }
  return {
    ImportDeclaration: visit,
    ImportExpression: visit,
    ExportNamedDeclaration: visit,
    ExportAllDeclaration: visit,
  }
}

/** Reports relative imports that leave a folder. A pattern cannot, since they depend on the importing file's path. */
const stayInside = {
  meta: { schema: [{ type: 'string' }], type: 'problem' },
  create(context) {
    const root = join(import.meta.dirname, context.options[0]) + sep
    return importsOf(context, (node, target) => {
      if (!`${target}${sep}`.startsWith(root)) context.report({ node, message: `Leaves ${context.options[0]}.` })
    })
  },
}

/** Reports imports against the order of LAYERS. Also, `http` must not import `stores`, nor `api` import `plugins`. */
const importOrder = {
  meta: { schema: [], type: 'problem' },
  create(context) {
    const folderOf = path => relative(join(import.meta.dirname, SERVER), path).split(sep)[0]
    const from = folderOf(context.filename)
    return importsOf(context, (node, target) => {
      const to = folderOf(target)
      const isBackwards = LAYERS.includes(to) && LAYERS.indexOf(to) < LAYERS.indexOf(from)
      const isSideways = (from === 'http' && to === 'stores') || (from === 'api' && to === 'plugins')
      if (isBackwards || isSideways) context.report({ node, message: `${from}/ must not import from ${to}/.` })
    })
  },
}

const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] })

export default withNuxt(
  {
    ignores: ['bench/peers/**', '**/dist/**', '.tsbuild/**', 'coverage/**', 'playwright-report/**', 'test-results/**'],
  },
  {
    name: 'cloakroom/size',
    files: ['**/*.{ts,vue,mjs}'],
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      '@stylistic/max-len': ['error', { code: 120, tabWidth: 2, ignoreUrls: true }],
    },
  },
  {
    name: 'cloakroom/fixtures',
    files: ['tests/{e2e,support}/**/*.ts'],
    // Playwright derives a fixture's dependencies from this pattern, so a fixture without any needs an empty one.
    rules: { 'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }] },
  },
  {
    name: 'cloakroom/pages of fixture apps',
    files: ['tests/fixtures/*/app/pages/**/*.vue'],
    rules: { 'vue/multi-word-component-names': 'off' },
  },
  {
    name: 'cloakroom/tests',
    files: ['tests/**/*.ts'],
    ignores: ['tests/support/eventually.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ...[
          [
            'MemberExpression[object.name="vi"][property.name=/^wait(For|Until)$/]',
            'It gives up after a second, which a ' + 'busy machine may need: use eventually().',
          ],
          ['MemberExpression[property.name="waitForTimeout"]', 'Wait for an event: no test sleeps.'],
          [
            'CallExpression[callee.object.name="test"][callee.property.name=/^(slow|setTimeout)$/]',
            'HANG_MS is the one ' + 'limit for all tests.',
          ],
        ].map(([selector, message]) => ({ selector, message })),
      ],
    },
  },
  {
    name: 'cloakroom/client',
    files: [
      '{,layers/*/}{pages,components,composables,layouts,middleware,plugins,utils}/**/*.{ts,vue}',
      '{app,error}.vue',
    ],
    rules: forbid(SERVER_CODE),
  },
  {
    name: 'cloakroom/module',
    files: [`${MODULE}/**/*.{ts,vue}`],
    plugins: { cloakroom: { rules: { 'stay-inside': stayInside, 'import-order': importOrder } } },
    rules: { ...forbid(THE_APP), 'cloakroom/stay-inside': ['error', 'packages/nuxt-cloakroom'] },
  },
  {
    name: 'cloakroom/module-server',
    files: [`${SERVER}/**/*.ts`],
    rules: { 'cloakroom/import-order': 'error' },
  },
  {
    name: 'cloakroom/module-client',
    files: [`${MODULE}/runtime/app/**/*.{ts,vue}`],
    rules: forbid(THE_APP, SERVER_CODE),
  },
  {
    name: 'cloakroom/module-outside-nitro',
    files: [`${SERVER}/{api,plugins,diagnose,utils}/**/*.ts`],
    rules: forbid(THE_APP, { ...FRAMEWORK, regex: '^(nuxt|h3|nitropack|ofetch|crossws)($|/)|^@nuxt/' }),
  },
  {
    name: 'cloakroom/module-core',
    files: CORE,
    languageOptions: { globals: { NodeJS: 'readonly', $fetch: 'off' } },
    rules: {
      ...forbid(THE_APP, FRAMEWORK),
      // An auto-import is a name that the file does not declare.
      'no-undef': 'error',
      'no-console': 'error',
    },
  },
).override('nuxt/import-globals', {
  // Otherwise an auto-imported name would count as declared, also in the core.
  ignores: CORE,
})
