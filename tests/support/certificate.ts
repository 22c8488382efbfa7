import { createHash, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { certificateFiles } from '../../certs/files.ts'

/** The local authority's certificate, for a client that verifies; `ensureCertificate` must have created it. */
export function authority(): string {
  return readFileSync(certificateFiles().caCert, 'utf8')
}

/** SHA-256 of the server certificate's public key (SPKI, base64), as Chromium's pinning switch takes it. */
export function publicKeyHash(): string {
  const { publicKey } = new X509Certificate(readFileSync(certificateFiles().cert))
  return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('base64')
}
