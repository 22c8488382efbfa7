import { readOrMakeKeyFile } from '../../../layers/session/server/drivers/key-file.ts'

// A process that makes or reads the key file of its first argument at the moment of its second.
const [path, at] = process.argv.slice(2)
while (Date.now() < Number(at));
process.stdout.write(readOrMakeKeyFile(path!))
