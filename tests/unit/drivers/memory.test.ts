import { memoryDriver } from '../../../layers/session/server/drivers/memory'
import { describeStoreContract } from '../../support/store-contract'

describeStoreContract('memory', memoryDriver)
