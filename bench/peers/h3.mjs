import { randomUUID } from 'node:crypto'
import { createApp, createRouter, eventHandler, toNodeListener, useSession } from 'h3'
import { listen } from './listen.mjs'

const config = { password: 'a secret of the benchmark alone, long enough' }
const issue = renew => eventHandler(async (event) => {
  const session = await useSession(event, config)
  if (renew || !session.data.value) await session.update({ value: randomUUID() })
  return { id: session.data.value }
})
const router = createRouter().get('/api/session', issue(false)).put('/api/session', issue(true))
listen(toNodeListener(createApp().use(router)))
