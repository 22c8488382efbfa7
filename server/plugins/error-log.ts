import { defineNitroPlugin } from 'nitropack/runtime'
import { createErrorLog } from '../headers/error-log'
import type { LoggedError } from '../headers/error-log'

export default defineNitroPlugin(({ hooks }) => {
  const prepare = createErrorLog()
  hooks.hook('error', (error, { event }) => prepare(error as LoggedError, event))
})
