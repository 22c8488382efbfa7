import { StoreError } from '../../engine/store'

/** The first word of Redis's answer, or ioredis's own message, where a person can do something about it. */
const PROBLEMS: Record<string, string> = {
  'OOM': 'is out of memory. Give it more, or let fewer sessions live',
  'MISCONF': 'cannot write to its disk',
  'READONLY': 'is a replica, which only reads',
  'LOADING': 'is still loading its data',
  'NOPERM': 'does not let this user do what sessions need. The layer\'s README lists the commands',
  'NOAUTH': 'asks for a user name and password',
  'WRONGPASS': 'does not accept this user name and password',
  'CLUSTERDOWN': 'is a cluster of which a part is down',
  'Command timed out': 'does not answer in time',
}

/** Says what happened, with a cause that holds no session and no password. */
export function redisFailure(error: unknown, otherwise = 'did not answer as expected'): StoreError {
  const cause = withoutArguments(error)
  const [, problem = otherwise] = Object.entries(PROBLEMS).find(([start]) => cause.message.startsWith(start)) ?? []
  return new StoreError('redis', problem, { cause })
}

/**
 * ioredis hangs the whole command on its errors, and Redis quotes the arguments of a command that it does not know. Both
 * would take sessions and passwords to the log.
 */
export function withoutArguments(error: unknown): Error {
  const { name, message, code } = error as NodeJS.ErrnoException
  const [text] = (message || String(code)).split(', with args beginning with')
  return Object.assign(new Error(text), { name, ...(code === undefined ? {} : { code }) })
}
