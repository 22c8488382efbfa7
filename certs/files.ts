import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Absolute paths of what a folder of certificates holds. */
export interface CertificateFiles {
  /** The CA's certificate: what clients are told to trust. */
  caCert: string
  /** The CA's private key: whoever has it can pose as any site to whoever trusts the CA. */
  caKey: string
  /** The server's certificate, then the CA's. */
  cert: string
  key: string
}

/** Where the files are. By default this folder itself, wherever the command was started. */
export function certificateFiles(folder = dirname(fileURLToPath(import.meta.url))): CertificateFiles {
  return {
    caCert: join(folder, 'ca.pem'),
    caKey: join(folder, 'ca-key.pem'),
    cert: join(folder, 'localhost.pem'),
    key: join(folder, 'localhost-key.pem'),
  }
}

/** The file's text, or null if there is no such file. */
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
 * Writes a whole file or none: readers meet the old text or the new one, never a part.
 *
 * With `keepExisting`, a file that another process put there first stays, and this text is dropped.
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
 * A hard link is the one way to create a file that is whole and exclusive at once. Where the file system has none, the
 * later writer wins.
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
