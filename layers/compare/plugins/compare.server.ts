/** Tells the pages that the comparison is on, and its ports. Off, not even an empty entry reaches the browser. */
export default defineNuxtPlugin({
  name: 'compare',
  order: -25, // Before Nuxt's router, which leaves the page out otherwise.
  setup({ ssrContext }) {
    const ports = ssrContext?.event.context.compare
    if (ports) useComparisonPorts().value = ports
  },
})
