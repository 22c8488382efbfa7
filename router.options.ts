import type { RouterConfig } from 'nuxt/schema'

declare module '#app' {
  interface PageMeta {
    /** The page exists only while this state is set. See `useComparisonPorts` and `useDiagnosisSwitch`. */
    shownIf?: 'comparison-ports' | 'session-diagnosis'
    /** The page shows an outage itself. */
    showsOutages?: boolean
  }
}

/**
 * Leaves out pages that are switched off. Their address is then as unknown as any other, on the server and in the
 * browser, and their script is never requested.
 */
export default {
  routes: routes => routes.filter(({ meta }) => !meta?.shownIf || useState(meta.shownIf).value !== undefined),
} satisfies RouterConfig
