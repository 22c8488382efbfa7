import { createInterface } from 'node:readline'
import { readOrMakeKeyFile } from '../../../layers/session/server/drivers/key-file.ts'

// A process that makes or reads the key file of its first argument when it is asked for `keys`; answers each line with a line of JSON.
const [path] = process.argv.slice(2)
for await (const line of createInterface(process.stdin)) {
  console.log(JSON.stringify(line === 'keys' ? readOrMakeKeyFile(path!) : true))
}
