import type { H3Event } from 'h3'
import secureJson from 'secure-json-parse'
import { badRequest, readText, requireJsonType } from '../internal/request-body'

const MOST_LEVELS = 32

/**
 * Reads a JSON body, or refuses it: another type or none, or compressed (415), over 64 KiB (413, before it is read), not JSON, nested deeper
 * than 32 levels, or with a key that reaches for a prototype (400).
 */
export async function readJson(event: H3Event): Promise<unknown> {
  requireJsonType(event)
  const text = await readText(event)
  if (depthOf(text) > MOST_LEVELS) throw badRequest(`The body is nested deeper than ${MOST_LEVELS} levels.`)
  try {
    return secureJson.parse(text, undefined, { protoAction: 'error', constructorAction: 'error' })
  }
  catch {
    throw badRequest('The body is not JSON.')
  }
}

/** Levels of nesting, counted without recursion and before parsing. */
function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const character = text[i]
    if (inString) {
      if (character === '\\') i++
      else if (character === '"') inString = false
    }
    else if (character === '"') inString = true
    else if (character === '{' || character === '[') deepest = Math.max(deepest, ++depth)
    else if (character === '}' || character === ']') depth--
  }
  return deepest
}
