import { problemOf, type Problem } from '../utils/account/problems'

const PATH = '/api/_session/devices'

/**
 * The user's sessions, kept up to date, and functions that end them. `busy` is the id of the session that is being
 * ended, or `others` or `everywhere`.
 */
export async function useDevices() {
  const { loggedIn, onChanged, clear } = useUserSession()
  const list = useFetch(PATH, { key: 'devices' })
  const { data: devices, error, refresh } = list
  const busy = ref<string | null>(null)
  const problem = ref<Problem | null>(null)
  const message = ref('')
  // Signed out, or while all sessions are being ended, a request for the list would fail. Before the `await`, because
  // after it the listener would belong to no component and stay registered.
  onChanged(() => void (loggedIn.value && busy.value !== 'everywhere' && refresh()))
  await list

  async function act(name: string, done: string, work: () => Promise<unknown>) {
    if (busy.value !== null) return
    busy.value = name
    problem.value = null
    message.value = ''
    try {
      await work()
      message.value = done
    }
    catch (failure) {
      problem.value = problemOf(failure)
    }
    finally {
      busy.value = null
    }
  }

  async function end(path: string) {
    await $fetch<unknown>(path, { method: 'DELETE', retry: 0 })
    await refresh()
  }

  return {
    devices,
    error,
    refresh,
    busy,
    problem,
    message,
    signOut: (id: string, name: string) => act(id, `${name} is signed out.`, () => end(`${PATH}/${id}`)),
    signOutOthers: () => act('others', 'All other devices are signed out.', () => end(PATH)),
    signOutEverywhere: () => act('everywhere', '', async () => {
      await $fetch<unknown>(PATH, { method: 'DELETE', retry: 0 })
      await clear()
    }),
  }
}
