import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import ts from 'typescript'

// Part of `npm run lint`: reports replaced names that are used again. Checks every identifier in scripts and every
// file name, but not templates. Prints one line for each finding, and exits with 1 if there is one.
const ROOT = join(import.meta.dirname, '..')

/**
 * The current name for each replaced one. Only whole identifiers count. Words that have another, ordinary meaning in
 * this repository are not listed, for example `attempt`, `changed`, `pair` and `present`.
 */
const REPLACED: Record<string, string> = {
  // The public API.
  handle: 'id', owner: 'userId', maxPerOwner: 'maxPerUser', ownerLimitPolicy: 'userLimitPolicy',
  listSessionsOf: 'listUserSessions', revokeSessionsOf: 'revokeUserSessions', dropBody: 'assertNoBody',
  onlyMethods: 'methodNotAllowed', useKeptForm: 'useFormDraft', giveBack: 'refund', most: 'max', within: 'window',
  // The core.
  live: 'record, session or Connections', turn: 'generation', era: 'secretGeneration', Next: 'NextState',
  transition: 'updateWithRetry', bury: 'writeTombstone', enrol: 'assignUser', Enrolment: 'AssignUserResult',
  OwnerGuard: 'UserLimit', Removals: 'PendingRemovals', owes: 'has', settle: 'retry', reasonOwed: 'reasonFor',
  Admission: 'CookieAuthenticator', admit: 'authenticate', prove: 'verifySecret', Presented: 'ParsedCookie',
  Admitted: 'AuthenticatedSession', ForgeryWitness: 'onForgedCookie', isOvertaken: 'isSuperseded',
  beginning: 'initialData', harmless: 'withErrorLogging', nesting: 'update-scope', withinUpdate: 'runUpdate',
  refuseNesting: 'assertNotInUpdate', looksMade: 'looksNonRandom',
  sealFault: 'explainInvalidCookie', news: 'change', hear: 'subscribe', StoreNews: 'StoreChange',
  announce: 'publish', tell: 'notify', Lookout: 'SessionSource', Watched: 'WatchedSession', look: 'recheck or refresh',
  peek: 'get', answerOf: 'responseSent', answered: 'responseSent', Arrival: 'RequestStart', arrivalOf: 'receivedAt',
  isInnerEvent: 'isSubrequest', Surroundings: '…Context',
  // The client.
  SessionKnowledge: 'SessionClient', KnownSession: 'SessionState', nothingKnown: 'initialState',
  keepInStep: 'startSync', askForAll: 'refreshAndBroadcast', hurry: 'reconnectNow', useReturns: 'useRefetchOnFocus',
  EndReason: 'SessionEndReason', SessionEnding: 'SessionEndReason', Ending: 'SessionEndReason',
  Ends: 'SessionEndReason', endOf: 'expiresAt or endReasonOf', CounterState: 'SessionPageState', told: 'message',
  outdate: 'invalidate', Trouble: 'Outage', withEndByYou: 'endedByUser',
  // Constants and tests.
  SOON: 'a name with its unit', ELSEWHERE: 'a name with its unit', MOST: 'MAX_…', TICK: 'TICK_INTERVAL_MS',
  SLACK: 'a name with its unit', BATCH: 'a name with its unit', makeBench: 'createTestEngine', heal: 'restore',
  ailing: 'failing',
}

const REPLACED_FILES: Record<string, string> = {
  'identity': 'hashing', 'words': 'texts',
  'outer-event': 'root-event', 'plain-verbs': 'unstorage-methods', 'several-processes': 'cluster-warning',
  'file-presence': 'file-watch', 'housekeeping': 'sweep-timer', 'from-url': 'open-store',
  'line-process': 'child-process-lines', 'attacker': 'malicious-site',
}

const PATTERNS: [RegExp, string][] = [
  [/^(MOST|LONGEST|SHORTEST)_/, 'MAX_… or MIN_…'],
  [/^(tell|hear|announce)[A-Z]/, 'a standard verb'],
  [/[oO]wner/, 'user or userId'],
]

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter(path => /\.(ts|vue|mjs)$/.test(path) && path !== 'scripts/check-words.ts')
  .filter(path => existsSync(join(ROOT, path)))
const findings = files.flatMap(path => [...checkFileName(path), ...checkIdentifiers(path)])
for (const finding of findings) console.error(finding)
console.log(`${files.length} files, ${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1

function checkFileName(path: string): string[] {
  const name = basename(path).split('.')[0]!
  const better = REPLACED_FILES[name] ?? betterName(name)
  return better === undefined ? [] : [`${path}: a file called ${name} is now ${better}`]
}

function checkIdentifiers(path: string): string[] {
  const text = readFileSync(join(ROOT, path), 'utf8')
  return scriptsOf(path, text).flatMap(({ code, line }) => {
    const source = ts.createSourceFile(path, code, ts.ScriptTarget.Latest, true)
    const found: string[] = []
    const visit = (node: ts.Node) => {
      const name = ts.isIdentifier(node) || ts.isPrivateIdentifier(node) ? node : undefined
      const better = name && !isForeign(name) ? betterName(name.text) : undefined
      if (better !== undefined) {
        const at = source.getLineAndCharacterOfPosition(node.getStart(source)).line + line
        found.push(`${path}:${at}: ${name!.text} is now ${better}`)
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
    return found
  })
}

/** A property that is only read may belong to another API, for example `ownerDocument`. Its declaration counts. */
function isForeign(name: ts.Identifier | ts.PrivateIdentifier): boolean {
  return ts.isPropertyAccessExpression(name.parent) && name.parent.name === name
}

/** Returns the whole text of a script, or the `<script>` blocks of a component. */
function scriptsOf(path: string, text: string): { code: string, line: number }[] {
  if (!path.endsWith('.vue')) return [{ code: text, line: 1 }]
  return [...text.matchAll(/<script[^>]*>\n?([^]*?)<\/script>/g)].map(({ 1: code = '', index }) => ({
    code,
    line: text.slice(0, index).split('\n').length + 1,
  }))
}

function betterName(name: string): string | undefined {
  const bare = name.replace(/^#/, '')
  if (Object.hasOwn(REPLACED, bare)) return REPLACED[bare]
  return PATTERNS.find(([pattern]) => pattern.test(bare))?.[1]
}
