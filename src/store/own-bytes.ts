/** A batch whose bytes its caller can no longer change. */
import type { StoreWrite } from './store.ts'

export function ownBytes(writes: readonly StoreWrite[]): StoreWrite[] {
  return writes.map((write) =>
    write.kind === 'value'
      ? { kind: 'value', path: write.path, value: copyOf(write.value) }
      : write,
  )
}

/** Short ones share their memory: to get it for each costs much more than to copy. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.from(bytes)
  return new Uint8Array(copy.buffer, copy.byteOffset, copy.length)
}
