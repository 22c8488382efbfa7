import { randomUUID } from 'node:crypto'
import express from 'express'
import { getIronSession } from 'iron-session'
import { listen } from './listen.mjs'

const options = { password: 'a secret of the benchmark alone, long enough', cookieName: 'iron' }
const issue = renew => async (request, response) => {
  const session = await getIronSession(request, response, options)
  if (renew || !session.value) {
    session.value = randomUUID()
    await session.save()
  }
  response.json({ id: session.value })
}
listen(express().get('/api/session', issue(false)).put('/api/session', issue(true)))
