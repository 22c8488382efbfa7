import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The absolute paths of the files in a folder of certificates. */
export interface CertificateFiles {
  /** The CA's certificate, which clients have to trust. */
  caCert: string
  /** The CA's private key. Its holder can impersonate any site to a client that trusts the CA. */
  caKey: string
  /** The server's certificate, then the CA's. */
  cert: string
  key: string
}

/** Returns the paths of the files. The default is this folder, regardless of the working directory. */
export function certificateFiles(folder = dirname(fileURLToPath(import.meta.url))): CertificateFiles {
  return {
    caCert: join(folder, 'ca.pem'),
    caKey: join(folder, 'ca-key.pem'),
    cert: join(folder, 'localhost.pem'),
    key: join(folder, 'localhost-key.pem'),
  }
}

/** Returns the file's text, or null if the file does not exist. */
export function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  }
  catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw new Error(`[certs] ${path} cannot be read (${reason(cause)}). Mend its permissions, or delete it to have it `
      + `made again.`, { cause })
  }
}

/**
 * Writes a file atomically: readers get the old text or the new one, never a part.
 *
 * With `keepExisting`, a file that another process created first stays, and this text is discarded.
 */
export function writeWhole(path: string, text: string, mode: number, { keepExisting = false } = {}): void {
  const temporary = join(dirname(path), `tmp-${randomBytes(8).toString('hex')}.pem`)
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(temporary, text, { mode, flag: 'wx' })
    if (keepExisting) linkUnlessThere(temporary, path)
    else renameSync(temporary, path)
  }
  catch (cause) {
    throw new Error(
      `[certs] ${path} cannot be written (${reason(cause)}). Make its folder writable, or run \`npm run certs\` where `
      + `it is and bring the files along.`,
      { cause },
    )
  }
  finally {
    rmSync(temporary, { force: true })
  }
}

/**
 * Only a hard link can create a file that is both complete and exclusive. If the file system has no hard links, the
 * last writer wins.
 */
function linkUnlessThere(temporary: string, path: string): void {
  try {
    linkSync(temporary, path)
  }
  catch (cause) {
    if (reason(cause) === 'EEXIST') return
    renameSync(temporary, path)
  }
}

function reason(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error)
}
