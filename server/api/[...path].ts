/** Responds with an API error, instead of a page, to an API path that does not exist. */
export default defineEventHandler(() => {
  throw createError({ statusCode: 404, statusMessage: 'Not Found', message: 'There is no such API route.' })
})
