/**
 * The writes of a commit as bytes of a journal: for each one its kind (1 byte), how long its path
 * (2 bytes) and its content (4 bytes) are, and both. Numbers are little-endian.
 */
import type { StoreWrite } from './store.ts'

const HEAD_BYTES = 7
const KINDS = ['value', 'link', 'group', 'delete', 'link where nothing is'] as const
/** Of a character of UTF-16 in UTF-8. */
const MAX_CHARACTER_BYTES = 3

/** At least as many bytes as the writes will take. */
export function boundOfWrites(writes: readonly StoreWrite[]): number {
  let bytes = 0
  for (const write of writes) bytes += boundOfWrite(write)
  return bytes
}

/** Puts the writes into bytes that have room for them; returns where they end. */
export function encodeWrites(writes: readonly StoreWrite[], target: Buffer, start: number): number {
  let end = start
  for (const write of writes) end = encodeWrite(write, target, end)
  return end
}

/** @throws Error for bytes that no release has written */
export function decodeWrites(payload: Buffer): StoreWrite[] {
  const writes: StoreWrite[] = []
  for (let start = 0; start < payload.length; ) {
    const kind = KINDS[payload.readUInt8(start)]
    const pathEnd = start + HEAD_BYTES + payload.readUInt16LE(start + 1)
    const end = pathEnd + payload.readUInt32LE(start + 3)
    const path = payload.toString('utf8', start + HEAD_BYTES, pathEnd)
    const content = payload.subarray(pathEnd, end)
    if (kind === undefined) throw new Error('Unknown write in the journal')
    writes.push(writeOf(kind, path, content))
    start = end
  }
  return writes
}

function boundOfWrite(write: StoreWrite): number {
  const head = HEAD_BYTES + MAX_CHARACTER_BYTES * write.path.length
  if (write.kind === 'value') return head + write.value.length
  return write.kind === 'link' ? head + MAX_CHARACTER_BYTES * write.target.length : head
}

function encodeWrite(write: StoreWrite, target: Buffer, start: number): number {
  const pathStart = start + HEAD_BYTES
  const contentStart = pathStart + target.write(write.path, pathStart)
  const end = contentStart + encodeContent(write, target, contentStart)
  target[start] = KINDS.indexOf(kindOf(write))
  target.writeUInt16LE(contentStart - pathStart, start + 1)
  target.writeUInt32LE(end - contentStart, start + 3)
  return end
}

function kindOf(write: StoreWrite): (typeof KINDS)[number] {
  return write.kind === 'link' && write.onlyNew === true ? 'link where nothing is' : write.kind
}

function encodeContent(write: StoreWrite, target: Buffer, start: number): number {
  if (write.kind === 'link') return target.write(write.target, start)
  if (write.kind !== 'value') return 0
  target.set(write.value, start)
  return write.value.length
}

function writeOf(kind: (typeof KINDS)[number], path: string, content: Buffer): StoreWrite {
  switch (kind) {
    case 'value':
      return { kind, path, value: content }
    case 'link':
      return { kind, path, target: content.toString('utf8') }
    case 'link where nothing is':
      return { kind: 'link', path, target: content.toString('utf8'), onlyNew: true }
    default:
      return { kind, path }
  }
}
