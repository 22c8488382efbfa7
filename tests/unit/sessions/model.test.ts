import fc from 'fast-check'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { HANG_MS, seed } from '../../support/limits'
import { takeStep } from '../../support/model/run'
import type { Step } from '../../support/model/steps'
import { steps } from '../../support/model/steps'
import type { ModelStore, PreparedStore } from '../../support/model/stores'
import { modelStores } from '../../support/model/stores'
import type { WorldOptions } from '../../support/model/world'
import { createWorld, disposeWorld } from '../../support/model/world'

/** How many steps are taken on each store, at least. */
const STEPS = Number(process.env.MODEL_STEPS ?? 1500)
/** If it is set, only the run is repeated that a failure has reported with its seed and this path. */
const { MODEL_PATH } = process.env
const RUNS_AT_ONCE = 20
const MAX_STEP_MS = 50

const onSecretReuse = fc.constantFrom('refuse' as const, 'revoke' as const)

describe.each(modelStores)('on $name', (store) => {
  describe.skipIf(store.skip)('the session engine', () => {
    let prepared: PreparedStore

    beforeAll(async () => {
      prepared = await store.prepare()
    })

    afterAll(() => prepared.dispose())

    it(`agrees with the model after each of ${STEPS} steps (FUZZ_SEED=${seed})`, async () => {
      let taken = 0
      const property = fc.asyncProperty(steps, onSecretReuse, async (run, onSecretReuse) => {
        taken += run.length
        await takeSteps({ store, prepared, onSecretReuse }, run)
      })
      const reporter = <Input>(details: fc.RunDetails<Input>) => report(store, details)
      if (MODEL_PATH) return fc.assert(property, { seed, path: MODEL_PATH, endOnFailure: true, reporter })
      for (let round = 0; taken < STEPS; round++) {
        await fc.assert(property, { seed: seed + round, numRuns: RUNS_AT_ONCE, reporter })
      }
    }, HANG_MS + STEPS * MAX_STEP_MS)
  })
})

async function takeSteps(options: WorldOptions, run: readonly Step[]) {
  const world = createWorld(options)
  try {
    for (const step of run) await takeStep(world, step)
  }
  finally {
    await disposeWorld(world)
  }
}

function report<Input>({ name }: ModelStore, details: fc.RunDetails<Input>) {
  if (!details.failed) return
  const variables = `FUZZ_SEED=${details.seed} MODEL_PATH=${details.counterexamplePath}`
  const repeat = `${variables} npm run test:model -- -t 'on ${name}'`
  throw new Error(`${fc.defaultReportMessage(details)}\nTo repeat it: ${repeat}`, { cause: details.errorInstance })
}
