import { memoryDriver } from '../../../packages/nuxt-cloakroom/src/runtime/server/stores/memory'
import { describeStoreContract } from '../../support/store-contract'

describeStoreContract('memory', memoryDriver)
