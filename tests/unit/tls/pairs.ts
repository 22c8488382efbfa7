import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { issueCa, issueLeaf, newKey } from '../../../certs/issue.ts'

/** A CA, and a certificate chain by it with its key, all PEM. */
export interface Pair {
  ca: string
  cert: string
  key: string
}

/** A pair as the local CA issues it, begun at `now`: an hour before, and for 397 days. */
export async function issuePair(names = ['localhost', '127.0.0.1', '::1'], now = new Date()): Promise<Pair> {
  const [caKey, key] = [newKey(), newKey()]
  const ca = await issueCa(caKey, names, now)
  return { ca, key, cert: await issueLeaf(key, names, { key: caKey, cert: ca }, now) }
}

/** Writes a pair to files in `folder`; gives the variables that point the server at them. */
export function install(folder: string, name: string, { cert, key }: Pick<Pair, 'cert' | 'key'>) {
  const variables = { NUXT_TLS_CERT: join(folder, `${name}.pem`), NUXT_TLS_KEY: join(folder, `${name}-key.pem`) }
  writeFileSync(variables.NUXT_TLS_CERT, cert)
  writeFileSync(variables.NUXT_TLS_KEY, key)
  return variables
}
