/** Tells the pages that the diagnosis is on. Off, not even an empty entry reaches the browser. */
export default defineNuxtPlugin(({ ssrContext }) => {
  if (ssrContext?.event.context.sessionDiagnosis) useDiagnosisSwitch().value = true
})
