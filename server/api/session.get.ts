/** Returns the value in the session. Issues one if there is none. */
export default defineEventHandler(async event => ({ id: await issueValue(event) }))
