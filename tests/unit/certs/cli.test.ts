import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const CLI = join(import.meta.dirname, '../../../certs/cli.ts')

const run = (options: string[], env = {}) =>
  spawnSync(process.execPath, [CLI, ...options], { encoding: 'utf8', env: { ...process.env, ...env } })

describe('npm run certs', () => {
  it('explains its options', () => {
    const { stdout, status } = run(['--help'])
    expect(status).toBe(0)
    for (const word of ['--force', '--untrust', 'NUXT_TLS_NAMES']) expect(stdout).toContain(word)
  })

  it('refuses an option it does not know, without a stack trace', () => {
    const { stderr, status } = run(['--nope'])
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringContaining('--nope')])
  })

  it('refuses a wrong name, without a stack trace', () => {
    const { stderr, status } = run([], { NUXT_TLS_NAMES: 'https://app.test' })
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(/^\[certs\] NUXT_TLS_NAMES: /)])
  })

  it('says where the certificate is, when it ends, and how to trust and distrust its CA', () => {
    const report = run([])
    expect(report.status).toBe(0)
    expect(report.stdout).toMatch(
      /localhost\.pem\n[^]*ends +\d{4}-\d\d-\d\d\n +SHA-256 +([0-9A-F]{2}:){31}[0-9A-F]{2}\n[^]*ca\.pem/,
    )
    const places = [
      'macOS',
      'Windows',
      'Debian',
      'Fedora',
      'Arch',
      'Chrome',
      'Firefox',
      'NODE_EXTRA_CA_CERTS',
      '--cacert',
    ]
    for (const place of places) expect(report.stdout).toContain(place)
    const { stdout } = run(['--untrust'])
    for (const place of places.slice(0, 7)) expect(stdout).toContain(place)
    expect(stdout).toContain(/name +(Cloakroom local CA [0-9a-f]{8})/.exec(report.stdout)![1])
  })
})
