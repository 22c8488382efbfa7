/** Passes the ports to the pages if the comparison is on. If it is off, not even an empty entry reaches the browser. */
export default defineNuxtPlugin({
  name: 'compare',
  order: -25, // Before Nuxt's router, which otherwise leaves the page out.
  setup({ ssrContext }) {
    const ports = ssrContext?.event.context.compare
    if (ports) useComparisonPorts().value = ports
  },
})
