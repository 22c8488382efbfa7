/** How often, or how long: in `npm test`, and in `npm run test:soak`, which repeats the fault tests until one may believe them. */
export function rounds(usual: number, soaked: number): number {
  return process.env.SOAK === '1' ? soaked : usual
}
