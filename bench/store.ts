/**
 * How fast the stores are: `node bench/store.ts [folder] [engine ...]`. Commits are what one
 * assignment takes, six small writes and a value of 2 KiB, from 64 callers at once; pages are
 * those of a schedule, a thousand links to such values, early and late in it.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openStore, type StoreSpec } from '../src/store/open-store.ts'
import type { Store, StoreWrite } from '../src/store/store.ts'

const COMMIT_MS = 4_000
const READ_MS = 1_500
const VALUE = randomBytes(2_048)
const LATE_SLOT = 1_000_000
const PAGE = 1_000

type Row = Record<string, string | number>

const [folder = tmpdir(), ...engines] = process.argv.slice(2)
const chosen = engines.length > 0 ? engines : ['lmdb', 'memory', 'fs']

const slotPath = (slot: number): string => `schedule/process/${slotName(slot)}`
const slotName = (slot: number): string => String(slot).padStart(16, '0')
const newId = (): string => randomBytes(32).toString('base64url')

function assignment(slot: number): StoreWrite[] {
  const id = newId()
  const target = `messages/${id}`
  return [
    { kind: 'value', path: target, value: VALUE },
    { kind: 'value', path: `messages/${newId()}`, value: VALUE.subarray(0, 200) },
    { kind: 'link', path: `messages/${newId()}`, target },
    { kind: 'link', path: `messages/${newId()}`, target },
    { kind: 'link', path: slotPath(slot), target },
    { kind: 'link', path: `schedule/by-message/${id}`, target },
    { kind: 'value', path: 'schedule/head', value: Buffer.from(String(slot)) },
  ]
}

async function commitsPerSecond(store: Store, callers: number): Promise<number> {
  const start = performance.now()
  let slot = 0
  const caller = async (): Promise<void> => {
    while (performance.now() - start < COMMIT_MS) await store.commit(assignment(slot++))
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (slot / (performance.now() - start)) * 1_000
}

/** Calls of `read` in a second, one after the other. */
async function perSecond(read: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  let calls = 0
  for (; performance.now() - start < READ_MS; calls++) await read()
  return (calls / (performance.now() - start)) * 1_000
}

/** Slots up to `count`, all to the same value, so that there are many in a short time. */
async function fillSchedule(store: Store, count: number): Promise<void> {
  await store.commit([{ kind: 'delete', path: 'schedule/process' }])
  for (let slot = 0; slot < count; slot += 10_000) {
    const links = Array.from(
      { length: Math.min(10_000, count - slot) },
      (_, index): StoreWrite[] => {
        const target = `pages/${slotName(slot + index)}`
        const link: StoreWrite = { kind: 'link', path: slotPath(slot + index), target }
        const isRead = slot + index < 2_000 || slot + index >= count - 2_000
        return isRead ? [link, { kind: 'value', path: target, value: VALUE }] : [link]
      },
    )
    await store.commit(links.flat())
  }
}

async function pageRows(store: Store, slots: readonly number[]): Promise<Row> {
  const row: Row = {}
  for (const slot of slots) {
    const options = { from: slotName(slot), limit: PAGE }
    const group = 'schedule/process'
    const paths = Array.from({ length: PAGE }, (_, index) => slotPath(slot + index))
    const ms = async (read: () => Promise<unknown>): Promise<string> =>
      (1_000 / (await perSecond(read))).toFixed(2)
    row[`list at ${slot}, ms`] = await ms(() => store.list(group, options))
    row[`scan at ${slot}, ms`] = await ms(() => store.scan(group, options))
    row[`getMany at ${slot}, ms`] = await ms(() => store.getMany(paths))
    row[`list + getMany at ${slot}, ms`] = await ms(async () => {
      const names = await store.list(group, options)
      return store.getMany(names.map((name) => `${group}/${name}`))
    })
  }
  return row
}

async function measure(engine: string): Promise<Row> {
  const path = await mkdtemp(join(folder, `bench-${engine}-`))
  const store = await openStore({ engine, path } as StoreSpec)
  try {
    const row: Row = { engine }
    row['commits/s, 64 callers'] = Math.round(await commitsPerSecond(store, 64))
    row['commits/s, 1 caller'] = Math.round(await commitsPerSecond(store, 1))
    const ids = await store.list('messages', { limit: 10_000 })
    let next = 0
    const path = (): string => `messages/${ids[next++ % ids.length]}`
    row['gets/s'] = Math.round(await perSecond(() => store.get(path())))
    row['missing gets/s'] = Math.round(await perSecond(() => store.get(`messages/none-${next++}`)))
    const lateSlot = engine === 'fs' ? 20_000 : LATE_SLOT
    await fillSchedule(store, lateSlot + PAGE)
    Object.assign(row, await pageRows(store, [10, lateSlot]))
    row['size, MB'] = Math.round((await store.sizeBytes()) / 1e6)
    return row
  } finally {
    await store.close()
    await rm(path, { recursive: true })
  }
}

const rows: Row[] = []
for (const engine of chosen) rows.push(await measure(engine))
for (const row of rows) console.table(row)
