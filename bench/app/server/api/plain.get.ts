/** Returns the same body without a session, to measure what the rest of the server costs. */
export default defineEventHandler(() => ({ id: '00000000-0000-4000-8000-000000000000' }))
