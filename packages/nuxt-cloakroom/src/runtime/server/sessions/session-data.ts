import { sessionIdOf } from './crypto'
import type { Update } from './next-state'
import { applyUpdate } from './next-state'
import type { SessionValues } from './record'
import { NO_DATA } from './record'
import type { SessionState } from './session-state'
import { adopt, assertMayWrite, changeRecord } from './session-state'
import { assertNotInUpdate, runUpdate } from './update-scope'

/** Changes the data, or creates a session with it. See `ServerSession.update`. */
export async function updateData<Data extends object>(state: SessionState, change: Update<Data>): Promise<boolean> {
  assertMayWrite(state)
  const { generation } = state
  // Parallel calls in one request, as in the first render of a page, share the session that the first one creates.
  while (state.creating) await state.creating.catch(() => {})
  if (state.isLost || generation !== state.generation) return false
  if (!state.current) return createSession(state, change)
  const { key } = state.current.session
  assertNotInUpdate(key)
  const isSaved = await state.engine.locks.run(key, async () =>
    generation === state.generation && saveData(state, key, change))
  if (!isSaved) dropUpdate(state, key, generation)
  return isSaved
}

/** Removes a value. See `ServerSession.pull`. */
export async function pullValue<Data extends object, Name extends keyof Data>(
  state: SessionState,
  name: Name,
): Promise<Data[Name] | undefined> {
  const data = (state.current?.session.values ?? {}) as Data
  if (!Object.hasOwn(data, name)) return undefined
  if (state.request.isSpeculative || data[name] === undefined) return data[name]
  let value: Data[Name] | undefined
  const isSaved = await updateData<Data>(state, (draft) => {
    value = draft[name]
    Reflect.deleteProperty(draft, name)
  })
  return isSaved ? value : undefined
}

function saveData<Data extends object>(state: SessionState, key: string, change: Update<Data>): Promise<boolean> {
  return changeRecord(state, async ({ session: { record }, cookie }) => {
    const data = await runUpdate(key, () => applyUpdate(record.data, change))
    return { cookie, record: { ...record, data } }
  })
}

async function createSession<Data extends object>(state: SessionState, change: Update<Data>): Promise<boolean> {
  const create = async () => {
    const data = await applyUpdate<Data | SessionValues>(NO_DATA, change as Update<Data | SessionValues>)
    adopt(state, await state.engine.create(state.request.label, data))
    state.sent = null // No other request has this session yet.
  }
  state.creating = create()
  try {
    await state.creating
  }
  finally {
    state.creating = undefined
  }
  return true
}

function dropUpdate(state: SessionState, key: string, generation: number): void {
  state.engine.events.emit({ type: 'late_save_dropped', id: sessionIdOf(key) })
  if (generation !== state.generation) return
  state.current = null
  state.isLost = true
  state.lostKey = key
}
