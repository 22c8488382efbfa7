import { useBroadcastChannel } from '@vueuse/core'

/** What one tab did to the session that all tabs of this browser share. */
export type TabSignal = 'changed' | 'ended'

/** Tells the other tabs, and hears from them. It carries no data: who hears it asks the server. */
export function useTabSignal(heard: (signal: TabSignal) => void) {
  // An object, not the bare word: the same word twice would not count as news.
  const { data, post } = useBroadcastChannel<{ signal: TabSignal }, { signal: TabSignal }>({
    name: 'cloakroom-session',
  })
  watch(data, message => message && heard(message.signal))
  return (signal: TabSignal) => post({ signal })
}
