import { execFileSync } from 'node:child_process'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { AccountStore } from '../../server/accounts/store.ts'

/*
 * The accounts in their own process, whose disk a test can limit. Reads one task per line: the name of a method of the
 * accounts or of a task below, with its arguments, as a JSON array. Prints the result as a line of JSON. Exits when its
 * standard input is closed.
 */
const [path = ''] = process.argv.slice(2)
let store: AccountStore

const tasks: Record<string, (...args: never[]) => unknown> = {
  ready: () => true,

  /** Opens the accounts, at a time for which several processes can wait. */
  open(at = 0) {
    while (Date.now() < at);
    store = new AccountStore(path)
  },

  /** Registers this many names without a pause. Returns those that were not taken. */
  async addMany(count: number) {
    const names = Array.from({ length: count }, (_, index) => `visitor-${index}`)
    const added: string[] = []
    for (const name of names) if (await store.add(name, `hash of ${process.pid}`)) added.push(name)
    return added
  },

  mount(options: string) {
    execFileSync('mount', ['-o', options, dirname(path)])
  },
}

for await (const line of createInterface(process.stdin)) {
  const [task, ...args] = JSON.parse(line) as [string, ...never[]]
  console.log(JSON.stringify(await run(task, args)))
}

async function run(task: string, args: never[]): Promise<unknown> {
  try {
    const method = tasks[task] ?? store[task as 'byName'] as (...args: never[]) => unknown
    return { result: await method.apply(store, args) ?? null }
  }
  catch (error) {
    const { name, message } = error as Error
    return { error: `${name}: ${message}` }
  }
}
