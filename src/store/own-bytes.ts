/** A batch whose bytes its caller can no longer change. */
import type { StoreWrite } from './store.ts'

export function ownBytes(writes: readonly StoreWrite[]): StoreWrite[] {
  return writes.map((write) =>
    write.kind === 'value' ? { ...write, value: new Uint8Array(write.value) } : write,
  )
}
