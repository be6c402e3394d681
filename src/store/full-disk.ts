/**
 * Test aid, run as a process of its own whose files may only grow to a limit: fills the store that
 * its first argument describes until a batch fails, and prints how many were written, and what became
 * of the one that failed, of one that was committed with it, and of the next.
 */
import { isAoError } from '../base/errors.ts'
import { openStore, type StoreSpec } from './open-store.ts'
import type { StoreWrite } from './store.ts'

// Without a listener the signal ends the process before the write can fail.
process.on('SIGXFSZ', () => undefined)

const store = await openStore(JSON.parse(process.argv[2] ?? '') as StoreSpec)
const LARGE_BYTES = 300_000

const write = (path: string, bytes: number): Promise<string> => {
  const batch: StoreWrite[] = [{ kind: 'value', path, value: new Uint8Array(bytes) }]
  return store.commit(batch).then(
    () => 'written',
    (error: unknown) => (isAoError(error) ? error.code : String(error)),
  )
}

let filled = 0
while ((await write(`fill/${filled}`, LARGE_BYTES)) === 'written') filled++
const [large, small] = await Promise.all([
  write('last/large', LARGE_BYTES),
  write('last/small', 10),
])
const after = await write('last/after', 10)
process.stdout.write(
  JSON.stringify({ filled, large, small, after, visible: await store.list('last') }),
)
await store.close()
