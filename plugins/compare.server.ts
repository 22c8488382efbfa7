/** Tells the pages that the comparison is on, and its ports. Off, not even an empty entry reaches the browser. */
export default defineNuxtPlugin(({ ssrContext }) => {
  const ports = ssrContext?.event.context.compare
  if (ports) useComparisonPorts().value = ports
})
