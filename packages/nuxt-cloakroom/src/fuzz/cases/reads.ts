import { DEVICES_PATH, SESSION_PATH } from '../../runtime/shared/routes'
import type { Draft } from '../request'
import type { CaseContext } from './context'
import { appPath, sessionCookie } from './context'

/** A page or another client that reads with its session, as it should. It must see this session and no other one. */
export function read(context: CaseContext): Draft {
  const { random, target, canary } = context
  const { header, ...cookie } = sessionCookie(context)
  const path = random.oneIn(2)
    ? target.base + random.pick([SESSION_PATH, SESSION_PATH, DEVICES_PATH])
    : appPath(context)
  return { path, headers: [['Cookie', `${header}; trace=${canary('cookie')}`]], ...cookie }
}
