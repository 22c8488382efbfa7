import { listen } from './listen.mjs'

// The upper limit: the throughput of Node itself over TLS.
const body = JSON.stringify({ id: '00000000-0000-4000-8000-000000000000' })
listen((_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
  response.end(body)
})
