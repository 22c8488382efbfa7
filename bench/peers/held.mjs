import { listen } from './listen.mjs'

// The minimum cost of an event stream: a response that is held open, over TLS.
listen((_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('event: hello\ndata: {}\n\n')
})
