import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { ensureCertificate } from '../../certs/certificate.ts'
import { CORES, onCore } from './load.ts'

const START_TIMEOUT_MS = 120_000

/** How to start a server: a file for Node, and its environment. */
export interface Launch {
  readonly file: string
  readonly env: (surroundings: ServerOptions) => Record<string, string>
  /** Command-line options of Node. */
  readonly nodeArgs?: readonly string[]
}

export interface ServerOptions {
  readonly port: number
  readonly cert: string
  readonly key: string
}

/** A server under load, in a separate process on a separate core. */
export interface RunningServer {
  readonly port: number
  readonly pid: number
  /** Milliseconds from its start until it listened. */
  readonly startMs: number
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a server. Resolves when it listens. @throws Error with its output if it exits before that */
export async function startServer({ file, env, nodeArgs = [] }: Launch): Promise<RunningServer> {
  const port = await freePort()
  const { cert, key } = await ensureCertificate()
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(?:NUXT|NITRO|BENCH)_|^(?:NODE_ENV|PORT|HOST)$/.test(name),
  )
  const began = performance.now()
  const child = spawn(...onCore(CORES.server, [process.execPath, ...nodeArgs, file]), {
    env: { ...Object.fromEntries(kept), NODE_ENV: 'production', PORT: String(port), ...env({ port, cert, key }) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await listening(child)
  return { port, pid: child.pid!, startMs: performance.now() - began, stop: signal => stop(child, signal) }
}

export interface Answer {
  readonly status: number
  readonly body: string
  /** The cookies that the response sets, as `name=value`, joined like a browser would send them. */
  readonly cookie: string
}

const agent = new Agent({ keepAlive: true, ca: [] })

/** Sends one request, like those of the load. */
export async function ask(port: number, method: string, path: string, cookie = ''): Promise<Answer> {
  agent.options.ca = readFileSync((await ensureCertificate()).caCert, 'utf8')
  const headers = { 'sec-fetch-site': 'same-origin', 'origin': `https://localhost:${port}`, ...(cookie && { cookie }) }
  const sent = request({ agent, host: 'localhost', port, method, path, headers }).end()
  const [response] = (await once(sent, 'response')) as [import('node:http').IncomingMessage]
  const set = response.headers['set-cookie'] ?? []
  return {
    status: response.statusCode!,
    body: await text(response),
    cookie: set.map(line => line.split(';', 1)[0]).join('; '),
  }
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

async function listening(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>()
  let printed = ''
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      printed += chunk
      if (/listening/i.test(printed)) resolve(undefined)
    })
  }
  child.once('exit', code => reject(new Error(`The server ended with ${code}:\n${printed}`)))
  const timer = setTimeout(() => reject(new Error(`The server did not start:\n${printed}`)), START_TIMEOUT_MS)
  await promise.finally(() => clearTimeout(timer))
}

async function stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
