import cluster from 'node:cluster'
import { openStore } from '../../../layers/session/server/drivers/from-url.ts'

// The primary of a cluster with one worker, which opens a store and prints what it is warned of.
if (cluster.isPrimary) cluster.fork()
else {
  openStore('memory:', { mounted: () => undefined, warn: console.log })
  cluster.worker!.disconnect()
}
