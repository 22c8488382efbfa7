import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const RESOLVER = join(import.meta.dirname, 'resolve-typescript.ts')

/**
 * The command line of a TypeScript program that imports sources of the module. Node only strips types, so these sources
 * have no parameter properties and no enums.
 */
export function typeScriptProgram(file: string, ...args: string[]): [program: string, ...args: string[]] {
  return [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    '--import',
    RESOLVER,
    file,
    ...args,
  ]
}

/** Starts such a program as a child process. Its standard output is a pipe; its errors are shown. */
export function spawnTypeScript(file: string, ...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const [program, ...programArgs] = typeScriptProgram(file, ...args)
  return spawn(program, programArgs, { stdio: ['pipe', 'pipe', 'inherit'] }) as never
}
