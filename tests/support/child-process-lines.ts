import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A child process that responds to each line on its standard input with one line of JSON. */
export interface LineProcess {
  readonly pid: number
  /** Writes a line and returns the parsed response. */
  request(line: string): Promise<unknown>
  /** Closes the standard input, so that the process exits. */
  end(): Promise<unknown>
}

export function lineProcess(child: ChildProcess): LineProcess {
  const responses = createInterface(child.stdout!)[Symbol.asyncIterator]()
  return {
    pid: child.pid!,
    async request(line) {
      child.stdin!.write(`${line}\n`)
      const { value, done } = await responses.next()
      if (done) throw new Error(`The process exited during "${line}".`)
      return JSON.parse(value) as unknown
    },
    async end() {
      const exit = once(child, 'exit')
      child.stdin!.end()
      return exit
    },
  }
}
