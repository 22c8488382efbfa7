import type { Call } from './session/api'

const KEPT = 5

/** The last few calls of this page, the newest first. */
export function useCallLog() {
  const calls = ref<Call[]>([])
  let count = 0

  function report(call: Omit<Call, 'id'>) {
    calls.value = [{ id: ++count, ...call }, ...calls.value].slice(0, KEPT)
  }

  return { calls, report }
}
