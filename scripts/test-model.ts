import { join } from 'node:path'
import { runCommand } from '../tests/support/run-step.ts'

// `npm run test:model`: compares the session engine with its model for 100,000 steps on each store. Further arguments
// are Vitest's, for example `-- -t Redis`. CONTRIBUTING.md says how to repeat a failure.
const STEPS = process.env.MODEL_STEPS ?? '100000'
const args = ['run', '--project=unit', '--reporter=verbose', 'tests/unit/sessions/model.test.ts']

process.chdir(join(import.meta.dirname, '..'))
process.exitCode = await runCommand('vitest', [...args, ...process.argv.slice(2)], { MODEL_STEPS: STEPS })
