/** Whether this is `npm run test:soak`. */
export const SOAK = process.env.SOAK === '1'

/** How often, or how long: in `npm test`, and in `npm run test:soak`, which repeats the fault tests until one may believe them. */
export function rounds(usual: number, soaked: number): number {
  return SOAK ? soaked : usual
}
