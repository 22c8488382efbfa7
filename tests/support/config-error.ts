import { expect } from 'vitest'
import { ConfigError } from '../../packages/nuxt-cloakroom/src/runtime/server/sessions/errors'

/** Returns the `ConfigError` that a check throws. Fails the test if it throws none. */
export function configErrorOf(check: () => unknown): ConfigError {
  try {
    check()
  }
  catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return error as ConfigError
  }
  throw new Error('No error was thrown')
}
