import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'

const RESOLVER = join(import.meta.dirname, 'resolve-typescript.ts')

/** Starts a TypeScript program that may import the layer, in a process of its own. Its output is a pipe, its errors are shown. */
export function spawnTypeScript(file: string, ...args: string[]): ChildProcess & { stdout: NodeJS.ReadableStream } {
  // Parameter properties are more than types, so they must be transformed, not only stripped.
  const flags = ['--experimental-transform-types', '--disable-warning=ExperimentalWarning', '--import', RESOLVER]
  return spawn(process.execPath, [...flags, file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }) as never
}
