import { relative } from 'node:path/posix'
import { addServerHandler, addServerTemplate, createResolver, defineNuxtModule, resolveFiles } from 'nuxt/kit'

const METHODS = ['GET', 'HEAD', 'PUT', 'PATCH', 'POST', 'DELETE', 'OPTIONS']
const ROUTE_FILE = new RegExp(`^(.+)\\.(${METHODS.join('|')})\\.ts$`, 'i') // The route, and its method.

/**
 * Adds a response of 405 to each route in the app's `server/api` whose files name a method, for all other methods. In
 * development, a new route gets it at the next start.
 */
export default defineNuxtModule({
  meta: { name: 'method-not-allowed' },
  async setup() {
    const { resolve } = createResolver(import.meta.url)
    const folder = resolve('../server/api')
    const util = resolve('../server/utils/method-not-allowed')
    const files = await resolveFiles(folder, '**/*.ts')
    for (const [route, methods] of methodsByRoute(files.map(file => relative(folder, file)))) {
      const handler = `#method-not-allowed${route}`
      addServerTemplate({
        filename: handler,
        getContents: () => `import { methodNotAllowed } from ${JSON.stringify(util)}
export default methodNotAllowed(${JSON.stringify(METHODS.filter(name => methods.has(name)).join(', '))})
`,
      })
      addServerHandler({ route, handler })
    }
  },
})

function methodsByRoute(files: string[]): Map<string, Set<string>> {
  const routes = new Map<string, Set<string>>()
  for (const file of files) {
    const [, path, method] = ROUTE_FILE.exec(file) ?? []
    if (!path || !method) continue
    const route = `/api/${path}`.replace(/\/index$/, '').replaceAll(/\[([^\].]+)\]/g, ':$1')
    routes.set(route, (routes.get(route) ?? new Set()).add(method.toUpperCase()))
  }
  return routes
}
