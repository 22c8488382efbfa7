import { StoreError } from '../../sessions/store'

/** By the first word of Redis's response, or by ioredis's own message: what an operator can do something about. */
const PROBLEMS: Record<string, string> = {
  'OOM': 'is out of memory. Give it more, or allow fewer sessions',
  'MISCONF': 'cannot write to its disk',
  'READONLY': 'is a replica, which cannot be written to',
  'LOADING': 'is still loading its data',
  'NOPERM': 'does not allow this user the commands that sessions need. The README of nuxt-cloakroom lists them',
  'NOAUTH': 'requires a user name and password',
  'WRONGPASS': 'does not accept this user name and password',
  'CLUSTERDOWN': 'is a cluster of which a part is down',
  'Command timed out': 'does not respond in time',
}

/** Describes what happened, with a cause that contains no session and no password. */
export function redisFailure(error: unknown, fallback = 'responded with an unexpected error'): StoreError {
  const cause = withoutArguments(error)
  const [, problem = fallback] = Object.entries(PROBLEMS).find(([start]) => cause.message.startsWith(start)) ?? []
  return new StoreError('redis', problem, { cause })
}

/**
 * ioredis attaches the whole command to its errors, and Redis quotes the arguments of an unknown command. Both would
 * put sessions and passwords into the log.
 */
export function withoutArguments(error: unknown): Error {
  const { name, message, code } = error as NodeJS.ErrnoException
  const [text] = withoutScript(message || String(code)).split(', with args beginning with')
  return Object.assign(new Error(text), { name, ...(code === undefined ? {} : { code }) })
}

/** The error of a command in a script as it is without one. Before Redis 7, the place in the script comes first. */
export function withoutScript(message: string): string {
  return message.replace(/^ERR Error running script \(call to \w+\): (?:@user_script: ?\d+: )+-?/, '')
}
