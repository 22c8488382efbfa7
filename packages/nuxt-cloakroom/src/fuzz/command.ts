#!/usr/bin/env node
import { HELP, UsageError, parseArguments } from './arguments'
import { EXIT_CODES, fuzz } from './fuzz'

try {
  const options = parseArguments(process.argv.slice(2))
  if (options) process.exitCode = await fuzz(options, line => console.log(line))
  else console.log(HELP)
}
catch (error) {
  console.error(isExpected(error) ? error.message : error)
  process.exitCode = EXIT_CODES.usage
}

/** A file that cannot be read is a mistake of the user, too. */
function isExpected(error: unknown): error is Error {
  return error instanceof UsageError || (error as NodeJS.ErrnoException).code !== undefined
}
