import { defineNitroPlugin } from 'nitropack/runtime'
import { AccountsUnavailableError } from '../accounts/failure'
import { useAccounts } from '../utils/accounts'

/** Opens the accounts with the server. If the file cannot be used, the server exits with one line that says why. */
export default defineNitroPlugin(() => {
  if (import.meta.prerender) return
  try {
    useAccounts()
  }
  catch (error) {
    if (import.meta.dev || !(error instanceof AccountsUnavailableError)) throw error
    console.error(error.message)
    process.exit(1)
  }
})
