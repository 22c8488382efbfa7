import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A process that answers each line of its input with a line of JSON. */
export interface LineProcess {
  readonly pid: number
  ask(line: string): Promise<unknown>
  /** Closes its input, upon which it ends by itself. */
  end(): Promise<unknown>
}

export function lineProcess(child: ChildProcess): LineProcess {
  const answers = createInterface(child.stdout!)[Symbol.asyncIterator]()
  return {
    pid: child.pid!,
    async ask(line) {
      child.stdin!.write(`${line}\n`)
      const { value, done } = await answers.next()
      if (done) throw new Error(`the process ended during ${line}`)
      return JSON.parse(value) as unknown
    },
    async end() {
      const exit = once(child, 'exit')
      child.stdin!.end()
      return exit
    },
  }
}
