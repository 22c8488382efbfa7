import type { Diagnosis, DiagnosisFacts, Finding } from '../../shared/types/diagnosis'
import type { Circumstance } from './circumstances'
import { CIRCUMSTANCES } from './circumstances'
import { COOKIE_CAUSES } from './cookie-causes'

/** Determines what is wrong from the facts alone. */
export function diagnose(facts: DiagnosisFacts): Diagnosis {
  const { outcome } = facts.cookie
  const applying = CIRCUMSTANCES.filter(circumstance => circumstance.applies(facts))
  if (outcome !== 'absent') {
    const { because, remedy } = COOKIE_CAUSES[outcome]
    const finding = { code: outcome, because: because(facts), remedy: remedy(facts) }
    return { finding, also: otherFindings(applying, facts), ...facts }
  }
  const [first, ...rest] = applying
  return { finding: toFinding(first!, facts), also: otherFindings(rest, facts), ...facts }
}

function otherFindings(circumstances: readonly Circumstance[], facts: DiagnosisFacts): Finding[] {
  return circumstances
    .filter(({ onlyWithoutCookie }) => !onlyWithoutCookie)
    .map(circumstance => toFinding(circumstance, facts))
}

function toFinding({ code, because, remedy }: Circumstance, facts: DiagnosisFacts): Finding {
  return { code, because: because(facts), remedy: remedy(facts) }
}
