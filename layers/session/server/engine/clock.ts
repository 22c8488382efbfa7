/** Tells the time in milliseconds since the epoch. Injected everywhere, so that tests set the time instead of waiting for it. */
export type Clock = () => number
