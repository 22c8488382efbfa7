import type { RouterConfig } from 'nuxt/schema'

/**
 * Leaves out pages of what is switched off. Their address is then as unknown as any other, on the server and in the
 * browser, and their script, which is in the build all the same, is never asked for.
 */
export default {
  routes: (routes) => {
    const off = [...useComparisonPorts().value ? [] : ['/compare'], ...useDiagnosisSwitch().value ? [] : ['/diagnose']]
    return routes.filter(({ path }) => !off.includes(path))
  },
} satisfies RouterConfig
