import { createError, defineEventHandler, getRouterParam } from 'h3'
import type { Router } from 'h3'
import { DELAYS_MS } from '../../shared/compare/log'
import type { DelayMs } from '../../shared/compare/log'
import { readSmallBody } from './body'
import { answerJob } from './handler'
import type { Runs } from './runs'

/** Adds the routes that the page calls on its own origin: start a run, read its log, and do the job. */
export function addComparisonRoutes(router: Router, runs: Runs): void {
  router.post(
    '/_compare/runs',
    defineEventHandler(async ({ node }) => {
      const { origin } = node.req.headers // The guard has already refused foreign pages.
      const delayMs = readDelay(await readSmallBody(node.req))
      if (!origin || delayMs === null)
        throw createError({
          statusCode: 400,
          message: `A run needs an Origin and one of ` + `the delays ${DELAYS_MS.join(', ')}.`,
        })
      return { id: runs.start(origin, delayMs).id }
    }),
  )
  router.get(
    '/_compare/runs/:id',
    defineEventHandler((event) => {
      const run = runs.find(getRouterParam(event, 'id') ?? '')
      if (!run) throw createError({ statusCode: 404, message: 'There is no such run.' })
      return { requests: run.seen }
    }),
  )
  router.use(
    '/_compare/:run/:scenario/:sample/:step',
    defineEventHandler(async ({ node }) => {
      if (!(await answerJob(node.req, node.res, runs, 'same-origin')))
        throw createError({ statusCode: 404, message: 'There is no such run or scenario.' })
    }),
  )
}

function readDelay(body: string): DelayMs | null {
  try {
    const { delayMs } = JSON.parse(body) as { delayMs?: unknown }
    return DELAYS_MS.find(known => known === delayMs) ?? null
  }
  catch {
    return null
  }
}
