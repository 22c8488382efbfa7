import { StoreError } from './store'

const MAX_MESSAGE_CHARACTERS = 300
const MAX_CAUSES = 3
/** So many characters in a row that a message and a record share are not there by chance. */
const SHARED_CHARACTERS = 12
/** A shorter user id is part of many words. */
const MIN_CHARACTERS = 6
const WITHHELD = 'The message is withheld, because it contains session data.'

/**
 * What a log may have of a driver's error: its name, message, code and stack, and those of its causes. Drivers attach
 * more, for example the command with its arguments or the whole request, which are session data. A message that quotes
 * them is withheld.
 *
 * @param texts what the driver was given: the record and the user id
 */
export function withoutDetails(error: unknown, texts: readonly string[], causes = 0): Error {
  if (error instanceof StoreError) return error // The module's own drivers leave the details out themselves.
  if (!(error instanceof Error)) return new Error('The driver gave no Error as the reason.')
  const { name, stack = '', cause, code } = error as NodeJS.ErrnoException
  const message = safeMessage(error, texts)
  const hasCause = cause instanceof Error && causes < MAX_CAUSES
  const options = hasCause ? { cause: withoutDetails(cause, texts, causes + 1) } : {}
  const frames = stack.split('\n').filter(line => /^\s+at /.test(line))
  return Object.assign(new Error(message, options), {
    name,
    stack: [`${name}: ${message}`, ...frames].join('\n'),
    ...(/^\w{1,40}$/.test(String(code)) && code !== undefined ? { code } : {}),
  })
}

/** The message of a parser quotes what it cannot read. */
function safeMessage({ name, message }: Error, texts: readonly string[]): string {
  const text = message.slice(0, MAX_MESSAGE_CHARACTERS)
  return name === 'SyntaxError' || texts.some(given => quotes(text, given)) ? WITHHELD : text
}

function quotes(message: string, given: string): boolean {
  const length = Math.min(SHARED_CHARACTERS, given.length)
  if (length < MIN_CHARACTERS) return false
  for (let start = 0; start + length <= message.length; start++) {
    if (given.includes(message.slice(start, start + length))) return true
  }
  return false
}
