/** Tells the pages that the diagnosis is on. Off, not even an empty entry reaches the browser. */
export default defineNuxtPlugin({
  name: 'diagnose',
  order: -25, // Before Nuxt's router, which leaves the page out otherwise.
  setup({ ssrContext }) {
    if (ssrContext?.event.context.sessionDiagnosis) useDiagnosisSwitch().value = true
  },
})
