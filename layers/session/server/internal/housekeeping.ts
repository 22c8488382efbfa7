import { SessionError } from '../engine/errors'
import type { SessionEngine } from '../engine/engine'
import { sweep } from '../engine/sweeper'

/** Milliseconds between sweeps: what has ended is gone within minutes. */
const SWEEP_EVERY = 60_000

/** Sweeps the store now and then, and never twice at once. Answers a function that stops it. */
export function startHousekeeping(engine: SessionEngine): () => void {
  let sweeping = false
  const timer = setInterval(async () => {
    engine.forgetIdle()
    if (sweeping) return
    sweeping = true
    try {
      await sweep(engine)
    }
    catch (error) {
      // The engine has reported an outage already; the next sweep goes on where this one stopped.
      if (!(error instanceof SessionError)) throw error
    }
    finally {
      sweeping = false
    }
  }, SWEEP_EVERY)
  timer.unref()
  return () => clearInterval(timer)
}
