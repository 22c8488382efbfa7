import type { SessionDiagnosis } from '#cloakroom'

/** Asks as soon as the page is there, and again when told to. */
export function useDiagnosis() {
  const answer = shallowRef<SessionDiagnosis | null>(null)
  const busy = ref(false)

  async function ask() {
    if (busy.value) return
    busy.value = true
    try {
      answer.value = await diagnoseSession()
    }
    finally {
      busy.value = false
    }
  }

  onMounted(ask)
  return { answer, busy, ask }
}
