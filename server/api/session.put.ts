/** Issues a new value. */
export default defineEventHandler(async (event) => {
  await dropBody(event)
  return { id: await issueValue(event, { renew: true }) }
})
