import cluster from 'node:cluster'
import { openStore } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/open-store.ts'

// The primary of a cluster with one worker. The worker opens a store and prints the warnings.
if (cluster.isPrimary) cluster.fork()
else {
  openStore('memory:', { openers: {}, mounted: () => undefined, warn: console.log })
  cluster.worker!.disconnect()
}
