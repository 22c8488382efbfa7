import type { Diagnosis, DiagnosisFacts, Finding } from '../../shared/types/diagnosis'
import type { Circumstance } from './circumstances'
import { CIRCUMSTANCES } from './circumstances'
import { COOKIE_CAUSES } from './cookie-causes'

/** What is wrong, out of the facts alone. */
export function diagnose(facts: DiagnosisFacts): Diagnosis {
  const { outcome } = facts.cookie
  const applying = CIRCUMSTANCES.filter(circumstance => circumstance.applies(facts))
  if (outcome !== 'absent') {
    const { because, remedy } = COOKIE_CAUSES[outcome]
    const finding = { code: outcome, because: because(facts), remedy: remedy(facts) }
    return { finding, also: besides(applying, facts), ...facts }
  }
  const [first, ...rest] = applying
  return { finding: say(first!, facts), also: besides(rest, facts), ...facts }
}

function besides(circumstances: readonly Circumstance[], facts: DiagnosisFacts): Finding[] {
  return circumstances.filter(({ onlyWithoutCookie }) => !onlyWithoutCookie).map(circumstance => say(circumstance, facts))
}

function say({ code, because, remedy }: Circumstance, facts: DiagnosisFacts): Finding {
  return { code, because: because(facts), remedy: remedy(facts) }
}
