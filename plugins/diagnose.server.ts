/** Sets the state that shows the page of the diagnosis. Without it, the payload has not even an empty entry. */
export default defineNuxtPlugin({
  name: 'diagnose',
  order: -25, // Before Nuxt's router, which reads the state.
  setup({ ssrContext }) {
    if (ssrContext?.event.context.sessionDiagnosis) useDiagnosisSwitch().value = true
  },
})
