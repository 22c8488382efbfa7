/** Issues a new value. */
export default defineEventHandler(async (event) => {
  await assertNoBody(event)
  return { id: await issueValue(event, { renew: true }) }
})
