import { defineNuxtPlugin } from '#imports'
import { RENDERS_PAGE } from '../../shared/rendering'

/** Tells the server that a page is being rendered for this request, see `server/nitro/pass-request.ts`. */
export default defineNuxtPlugin(({ ssrContext }) => {
  if (ssrContext) Object.assign(ssrContext.event.context, { [RENDERS_PAGE]: true })
})
