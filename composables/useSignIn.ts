import { problemOf, type Problem } from '../utils/account/problems'

export interface Entry {
  name: string
  password: string
  remember: boolean
}

export type SignInMode = 'sign-in' | 'register'

/** Signs in or registers, then returns to the page that the visitor came from. */
export function useSignIn() {
  const route = useRoute()
  const { fetch } = useUserSession()
  const busy = ref(false)
  const problem = ref<Problem | null>(null)

  async function submit(mode: SignInMode, entry: Entry) {
    if (busy.value) return
    busy.value = true
    problem.value = null
    try {
      await $fetch<unknown>(`/api/account/${mode}`, { method: 'POST', body: entry, retry: 0 })
      await fetch()
      await navigateTo(safeReturnTo(route.query.returnTo), { replace: true })
    }
    catch (error) {
      problem.value = problemOf(error)
    }
    finally {
      busy.value = false
    }
  }

  return { busy, problem, submit, forget: () => void (problem.value = null) }
}
