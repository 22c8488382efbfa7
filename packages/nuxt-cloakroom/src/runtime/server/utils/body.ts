import { InvalidBodyError, assertJsonType, isCompressed, parseJson, readText } from '../http/body'
import { isSubrequest } from '../nitro/guard'
import type { RequestEvent } from '../nitro/platform'
import { httpError, nodeRequestOf, subrequestBody } from '../nitro/platform'
import { SessionError } from '../sessions/errors'

/**
 * Reads a JSON body.
 *
 * @throws SessionError `unsupported_type` (415) for another type, none, or a compressed body; `too_large` (413) over
 * 64 KiB, before it is read
 * @throws H3Error 400 if it is not JSON, is nested deeper than 32 levels, or has a key such as `__proto__`
 */
export async function readJson(event: RequestEvent): Promise<unknown> {
  requireJsonType(event)
  const text = await readBodyText(event)
  return withBadRequest(() => parseJson(text))
}

/**
 * For a route without a body. Drops a small JSON body, and refuses what {@link readJson} would refuse because of its
 * type or size. A request without a body may name any type, as some clients do, and may be chunked, as some proxies do.
 *
 * @throws SessionError `unsupported_type` (415), `too_large` (413)
 */
export async function assertNoBody(event: RequestEvent): Promise<void> {
  if (isSubrequest(event)) return
  const { headers } = nodeRequestOf(event).req
  if (Number(headers['content-length'] ?? 0) > 0) {
    requireJsonType(event)
    await readBodyText(event)
  }
  else if (headers['transfer-encoding'] !== undefined && await readBodyText(event) !== '') requireJsonType(event)
}

function requireJsonType(event: RequestEvent): void {
  const { req, res } = nodeRequestOf(event)
  if (isCompressed(req)) res.setHeader('accept-encoding', 'identity')
  assertJsonType(req)
}

async function readBodyText(event: RequestEvent): Promise<string> {
  if (isSubrequest(event)) return subrequestBody(event)
  const { req, res } = nodeRequestOf(event)
  try {
    return await withBadRequest(() => readText(req))
  }
  catch (error) {
    // The rest of the body is not read.
    if (error instanceof SessionError && error.code === 'too_large') res.setHeader('connection', 'close')
    throw error
  }
}

async function withBadRequest<Result>(read: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await read()
  }
  catch (error) {
    throw error instanceof InvalidBodyError ? httpError({ status: 400, message: error.message }) : error
  }
}
