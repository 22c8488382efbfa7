import { createInterface } from 'node:readline'
import { readOrCreateKeyFile } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/key-file.ts'

// A process that reads or creates the key file of its first argument for each line `keys`, and prints its content as
// JSON. It responds to any other line with `true`.
const [path] = process.argv.slice(2)
for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(line === 'keys' ? readOrCreateKeyFile(path!) : true))
}
