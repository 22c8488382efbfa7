import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

// Replaces wrk, with the same arguments and the same result line. It does not follow cookies.
const [url, connections, duration, method, path, file] = process.argv.slice(2)
const requests = readFileSync(file, 'utf8').split('\n').slice(0, -1).map(cookie => ({
  method,
  path,
  headers: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', ...(method !== 'GET' && { origin: url }), ...(cookie && { cookie }) },
}))
const { requests: { total }, duration: seconds, latency, non2xx, errors } = await autocannon({
  url, connections: Number(connections), duration: Number(duration), requests, tlsOptions: { rejectUnauthorized: false },
})
console.log(`RESULT ${JSON.stringify({ requests: total, us: seconds * 1e6, failed: non2xx + errors, p50: latency.p50 * 1000, p99: latency.p99 * 1000, max: latency.max * 1000 })}`)
