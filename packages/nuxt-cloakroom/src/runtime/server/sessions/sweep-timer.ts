import type { SessionEngine } from './engine'
import { SessionError } from './errors'
import { sweep } from './sweep'

/** What has expired is deleted within minutes. */
const SWEEP_INTERVAL_MS = 60_000

/** Sweeps the store once a minute, and never twice at the same time. Returns a function that stops it. */
export function startSweeping(engine: SessionEngine): () => void {
  let isSweeping = false
  const timer = setInterval(async () => {
    engine.authenticator.forgetIdle()
    if (isSweeping) return
    isSweeping = true
    try {
      await sweep(engine)
    }
    catch (error) {
      // The engine has reported the outage; the next sweep continues.
      if (!(error instanceof SessionError)) throw error
    }
    finally {
      isSweeping = false
    }
  }, SWEEP_INTERVAL_MS).unref()
  return () => clearInterval(timer)
}
