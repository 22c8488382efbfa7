import { askWhy } from '#layers/session/app/diagnose/ask'
import type { Answer } from '#layers/session/app/diagnose/ask'

/** Asks as soon as the page is there, and again when told to. */
export function useDiagnosis() {
  const answer = shallowRef<Answer | null>(null)
  const busy = ref(false)

  async function ask() {
    if (busy.value) return
    busy.value = true
    try {
      answer.value = await askWhy()
    }
    finally {
      busy.value = false
    }
  }

  onMounted(ask)
  return { answer, busy, ask }
}
