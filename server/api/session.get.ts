/** The value in the session; issues one if there is none. */
export default defineEventHandler(async event => ({ id: await issueValue(event) }))
