/** An API path that does not exist answers as an API does, not with a page. */
export default defineEventHandler(() => {
  throw createError({ statusCode: 404, statusMessage: 'Not Found', message: 'There is no such API route.' })
})
