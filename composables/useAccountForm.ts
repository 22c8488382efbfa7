import { problemOf, type Problem } from '../utils/account/problems'

/**
 * Sends one form of the account page, one request at a time, and has its result. Refreshes the session afterwards,
 * which may have been replaced or have ended.
 */
export function useAccountForm<Answer>(path: string, message: (answer: Answer) => string) {
  const { details, fetch } = useUserSession()
  // The user for whom the form is shown. The browser's session may belong to another one when it is sent.
  const headers = { 'x-page-user': details.value?.userId ?? '' }
  const busy = ref(false)
  const problem = ref<Problem | null>(null)
  const result = ref('')

  /** Returns whether the server accepted it. */
  async function send(body: object): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    problem.value = null
    result.value = ''
    try {
      result.value = message(await $fetch<unknown>(path, { method: 'PUT', headers, body, retry: 0 }) as Answer)
      return true
    }
    catch (error) {
      problem.value = problemOf(error)
      return false
    }
    finally {
      await fetch()
      busy.value = false
    }
  }

  return { busy, problem, result, send }
}
