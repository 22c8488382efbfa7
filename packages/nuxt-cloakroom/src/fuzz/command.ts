#!/usr/bin/env node
import { HELP, UsageError, parseArguments } from './arguments'
import { EXIT_CODES, fuzz } from './fuzz'

try {
  const options = parseArguments(process.argv.slice(2))
  if (options) process.exitCode = await fuzz(options, line => console.log(line))
  else console.log(HELP)
}
catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exitCode = EXIT_CODES.usage
}
