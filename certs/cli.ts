import { X509Certificate } from 'node:crypto'
import { parseArgs } from 'node:util'
import { subjectNames } from '../server/tls/subject-names.ts'
import { commonName, ensureCertificate } from './certificate.ts'
import { certificateFiles, readText } from './files.ts'
import { trustStores } from './trust.ts'

const HELP = `npm run certs [-- --force | --untrust | --help]

Creates a local certificate authority (CA) and a certificate for localhost, 127.0.0.1 and ::1 in certs/, unless valid
ones exist, and says how to trust the CA.

  --force     make a new server certificate even if the present one is good; keys and CA stay
  --untrust   make nothing; say how to take the trust back
  --help      this text

  NUXT_TLS_NAMES   more names for the certificate: DNS names and IP addresses, separated by commas`

const OPTIONS = { force: { type: 'boolean' }, untrust: { type: 'boolean' }, help: { type: 'boolean' } } as const

try {
  const {
    values: { force, untrust, help },
  } = parseArgs({ options: OPTIONS })
  console.log(help ? HELP : untrust ? howToUntrust() : await report(force))
}
catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}

async function report(force?: boolean): Promise<string> {
  const files = await ensureCertificate({ force })
  const ca = read(files.caCert)
  const leaf = read(files.cert)
  return [
    `Server certificate  ${files.cert}`,
    `         its key    ${files.key}`,
    `         for        ${subjectNames(leaf).join(', ')}`,
    ...describe(leaf),
    `Local CA            ${files.caCert}`,
    `         name       ${commonName(ca.subject)}`,
    ...describe(ca),
    '',
    'To have browsers accept the certificate, trust the CA. It can sign only for these names and names below them.',
    `With its key (${files.caKey}), anybody could imitate these sites to you. Never share the key,`,
    'and stop trusting the CA when you are done (npm run certs -- --untrust).',
    ...trustStores(files.caCert, commonName(ca.subject)).flatMap(({ where, trust }) => section(where, trust)),
  ].join('\n')
}

function howToUntrust(): string {
  const { caCert } = certificateFiles()
  const name = commonName(read(caCert).subject)
  const stores = trustStores(caCert, name).filter(({ remove }) => remove.length)
  return [
    `To take back the trust in ${name}, where you gave it; then delete ${caCert}.`,
    ...stores.flatMap(({ where, remove }) => section(where, remove)),
  ].join('\n')
}

function section(title: string, lines: string[]): string[] {
  return ['', title, ...lines.map(line => `  ${line}`)]
}

function read(path: string): X509Certificate {
  const text = readText(path)
  if (!text) throw new Error(`[certs] ${path} does not exist: there is nothing that could be trusted.`)
  return new X509Certificate(text)
}

function describe(certificate: X509Certificate): string[] {
  return [
    `         ends       ${certificate.validToDate.toISOString().slice(0, 10)}`,
    `         SHA-256    ${certificate.fingerprint256}`,
  ]
}
