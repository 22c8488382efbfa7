/** Methods that the routes beside this file do not have. Without it they would fall through to the page renderer. */
export default defineEventHandler((event) => {
  setResponseHeader(event, 'allow', 'GET, PUT, POST, DELETE')
  throw createError({ statusCode: 405, statusMessage: 'Method Not Allowed', message: `${event.method} is not allowed here.` })
})
