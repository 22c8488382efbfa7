import { dirname, join, sep } from 'node:path'
import withNuxt from './.nuxt/eslint.config.mjs'

const PLAIN_TYPESCRIPT = ['layers/session/server/{engine,drivers}/**/*.ts']

const FRAMEWORK = {
  regex: '^(nuxt|h3|nitropack|ofetch)($|/)|^@nuxt/|^#',
  message: 'Engine and drivers are plain TypeScript: no nuxt, h3, nitro, ofetch, no virtual imports.',
}
const SERVER_CODE = {
  regex: '(^|/)server(/|$)|^#server(/|$)',
  message: 'Pages, components and composables never import server code: call a route.',
}
const THE_APP = {
  regex: '^(~|@|~~|@@)(/|$)|^#(shared|server)(/|$)',
  message: 'The layer knows nothing of the app that extends it: these names are the app\'s.',
}

/** Relative imports that climb out of the layer; no pattern can tell, it takes the importing file's place. */
const stayInside = {
  meta: { schema: [{ type: 'string' }], type: 'problem' },
  create(context) {
    const root = join(import.meta.dirname, context.options[0]) + sep
    const check = ({ source }) => {
      const target = typeof source?.value === 'string' && source.value.startsWith('.') && join(dirname(context.filename), source.value)
      if (target && !`${target}${sep}`.startsWith(root)) context.report({ node: source, message: `Leaves ${context.options[0]}.` })
    }
    return { ImportDeclaration: check, ImportExpression: check, ExportNamedDeclaration: check, ExportAllDeclaration: check }
  },
}

const forbid = (...patterns) => ({ 'no-restricted-imports': ['error', { patterns }] })

export default withNuxt(
  { ignores: ['bench/peers/**', '**/dist/**', '.tsbuild/**', 'coverage/**', 'playwright-report/**', 'test-results/**'] },
  {
    name: 'cloakroom/size',
    files: ['**/*.{ts,vue}'],
    rules: { 'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }] },
  },
  {
    name: 'cloakroom/fixtures',
    files: ['tests/{e2e,support}/**/*.ts'],
    // Playwright reads a fixture's needs off this pattern, so one that needs nothing has to write it empty.
    rules: { 'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }] },
  },
  {
    name: 'cloakroom/tests',
    files: ['tests/**/*.ts'],
    ignores: ['tests/support/eventually.ts'],
    rules: {
      'no-restricted-syntax': ['error', ...[
        ['MemberExpression[object.name="vi"][property.name=/^wait(For|Until)$/]', 'It gives up after a second, which a busy machine may need: use eventually().'],
        ['MemberExpression[property.name="waitForTimeout"]', 'Wait for an event: no test sleeps.'],
        ['CallExpression[callee.object.name="test"][callee.property.name=/^(slow|setTimeout)$/]', 'HANG_MS is the one limit for all tests.'],
      ].map(([selector, message]) => ({ selector, message }))],
    },
  },
  {
    name: 'cloakroom/client',
    files: ['{pages,components,composables,layouts,middleware,plugins}/**/*.{ts,vue}', '{app,error}.vue'],
    rules: forbid(SERVER_CODE),
  },
  {
    name: 'cloakroom/layer',
    files: ['layers/session/**/*.{ts,vue}'],
    plugins: { boundary: { rules: { inside: stayInside } } },
    rules: { ...forbid(THE_APP), 'boundary/inside': ['error', 'layers/session'] },
  },
  {
    name: 'cloakroom/layer-client',
    files: ['layers/session/app/**/*.{ts,vue}'],
    rules: forbid(THE_APP, SERVER_CODE),
  },
  {
    name: 'cloakroom/layer-engine',
    files: PLAIN_TYPESCRIPT,
    languageOptions: { globals: { NodeJS: 'readonly', $fetch: 'off' } },
    rules: {
      ...forbid(THE_APP, FRAMEWORK),
      // An auto-import is a name that nothing in the file declares.
      'no-undef': 'error',
      'no-console': 'error',
    },
  },
).override('nuxt/import-globals', {
  // Otherwise an auto-imported name would count as declared, in the engine too.
  ignores: PLAIN_TYPESCRIPT,
})
