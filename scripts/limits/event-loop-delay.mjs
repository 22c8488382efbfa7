import { appendFileSync } from 'node:fs'
import { PerformanceObserver, constants, monitorEventLoopDelay } from 'node:perf_hooks'

// Loaded into a server by `NODE_OPTIONS=--import=…`: appends one line of JSON a second to the file that is named by
// SOAK_EVENT_LOOP_FILE, with the delays of the event loop in milliseconds, and the memory that is in use in bytes: what
// the last full garbage collection has left, and what is outside of the heap.
const RESOLUTION_MS = 10
const INTERVAL_MS = 1000
const NS_PER_MS = 1e6

let heapInUse = process.memoryUsage().heapUsed
new PerformanceObserver((list) => {
  const isFull = list.getEntries().some(({ detail }) => detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR)
  if (isFull) heapInUse = process.memoryUsage().heapUsed
}).observe({ entryTypes: ['gc'] })

const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delays.enable()
setInterval(() => {
  // Each value includes the time between two measurements.
  const [p99, max] = [delays.percentile(99), delays.max].map(value => Math.max(0, value / NS_PER_MS - RESOLUTION_MS))
  const used = heapInUse + process.memoryUsage().external
  const line = JSON.stringify({ p99, max, used })
  appendFileSync(process.env.SOAK_EVENT_LOOP_FILE, `${line}\n`)
  delays.reset()
}, INTERVAL_MS).unref()
