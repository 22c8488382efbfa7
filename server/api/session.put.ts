/** Issues a new value. */
export default defineEventHandler(async event => ({ id: await issueValue(event, { renew: true }) }))
