import type { SessionDiagnosis } from '#cloakroom'

/** Diagnoses the session when the page is mounted, and again with `ask`. */
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

/** Whether the server has `GET /api/_session/diagnose`; `undefined` while it does not. */
export function useDiagnosisSwitch() {
  return useState<true | undefined>('session-diagnosis')
}
