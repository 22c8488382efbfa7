/** The module's own routes. */
export const SESSION_PATH = '/api/_session'
export const EXTEND_PATH = `${SESSION_PATH}/extend`
export const DEVICES_PATH = `${SESSION_PATH}/devices`
export const EVENTS_PATH = `${SESSION_PATH}/events`
export const DIAGNOSE_PATH = `${SESSION_PATH}/diagnose`
