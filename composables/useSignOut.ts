import { problemOf, type Problem } from '../utils/account/problems'

/** Signs out on this device. `problem` is set if the server could not end the session. */
export function useSignOut() {
  const { clear } = useUserSession()
  const busy = ref(false)
  const problem = ref<Problem | null>(null)

  async function signOut() {
    if (busy.value) return
    busy.value = true
    try {
      await clear()
      problem.value = null
    }
    catch (error) {
      problem.value = problemOf(error)
    }
    finally {
      busy.value = false
    }
  }

  return { busy, problem, signOut }
}
