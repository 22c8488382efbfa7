import { headerValues } from '../response'
import type { FuzzResponse } from '../response'
import type { Check } from './exchange'

const MIN_SERVER_ERROR = 500
const SERVICE_UNAVAILABLE = 503

/** Each request gets a response, or the server closes the connection, within the deadline. */
export const answersInTime: Check = ({ response: { outcome } }) => {
  if (outcome === 'timeout') return 'The server neither responded nor closed the connection in time.'
  return outcome === 'unreachable' ? 'The server does not accept connections.' : null
}

/** No request causes an error of the server. An outage of the store is reported separately: see `isStoreOutage`. */
export const hasNoServerError: Check = ({ response }) => {
  if ((response.status ?? 0) < MIN_SERVER_ERROR || isStoreOutage(response)) return null
  return `The response is a server error, ${response.status}.`
}

/** Whether the module says that its store does not respond: 503 `store_unavailable`, after HEAD without a body. */
export function isStoreOutage(response: Pick<FuzzResponse, 'status' | 'headers' | 'body'>): boolean {
  return response.status === SERVICE_UNAVAILABLE
    && headerValues(response, 'retry-after').length > 0
    && (response.body === '' || response.body.includes('store_unavailable'))
}
