/** Cases of the fuzzer as JSON, to keep those that failed once. */
import { Message } from '../../src/message/message.ts'
import { formatTyped, parseTyped } from '../../src/message/typed-notation.ts'

/** Bytes and messages are wrapped in an object with one member, `$bytes` or `$message`. */
export function formatCase(value: unknown): string {
  return JSON.stringify(plain(value))
}

export function parseCase(text: string): unknown {
  return JSON.parse(text, (_, value) => {
    if (typeof value !== 'object' || value === null) return value
    if ('$bytes' in value) return Buffer.from(value.$bytes, 'base64')
    return '$message' in value ? parseTyped(value.$message) : value
  })
}

function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (value instanceof Message) return { $message: formatTyped(value) }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, plain(member)]))
}
