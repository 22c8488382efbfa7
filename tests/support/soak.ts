/** Whether this is `npm run test:soak`, which repeats the fault tests many times. */
export const SOAK = process.env.SOAK === '1'

/** A number of repetitions, or a duration: `usual` in `npm test`, `soak` in `npm run test:soak`. */
export function rounds(usual: number, soak: number): number {
  return SOAK ? soak : usual
}
