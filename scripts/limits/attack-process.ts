import type { Address } from './target.ts'
import { startAttacks } from './attacks.ts'
import { Client } from './client.ts'

// The attackers' process: attacks the server of its first argument until it is killed, and sends its parent each second
// what every attack has done so far.
const REPORT_INTERVAL_MS = 1000
const CONNECTIONS = 64

const address = JSON.parse(process.argv[2]!) as Address
const attacks = startAttacks(new Client(address, CONNECTIONS), address.largestFile)
setInterval(() => process.send?.(attacks), REPORT_INTERVAL_MS)
process.once('disconnect', () => process.exit())
