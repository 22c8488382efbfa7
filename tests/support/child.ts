import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

const RESOLVER = join(import.meta.dirname, 'resolve-typescript.ts')

/** The command line of a TypeScript program that may import the layer. */
export function typeScriptProgram(file: string, ...args: string[]): [program: string, ...args: string[]] {
  // Parameter properties are more than types, so they must be transformed, not only stripped.
  return [process.execPath, '--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', RESOLVER, file, ...args]
}

/** Starts such a program in a process of its own. Its output is a pipe, its errors are shown. */
export function spawnTypeScript(file: string, ...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  const [program, ...all] = typeScriptProgram(file, ...args)
  return spawn(program, all, { stdio: ['pipe', 'pipe', 'inherit'] }) as never
}
