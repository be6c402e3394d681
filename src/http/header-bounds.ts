/**
 * How much of a reply may be headers. A message may have any number of keys, but clients take only
 * so many headers: some refuse a reply with more, others drop the rest without a word.
 */
import { Message } from '../message/message.ts'

/** Python's `http.client` and Rust's `hyper` take 100; Node writes up to four of its own. */
const MAX_LINES = 96
/** Names and values: Node and its `fetch` take 16 KiB, what Node adds to the reply included. */
const MAX_BYTES = 15_872

/** Whether all clients read these: names and values by turns, one character for each byte. */
export function fitHeaders(headers: readonly string[]): boolean {
  if (headers.length > 2 * MAX_LINES) return false
  let bytes = 0
  for (const text of headers) bytes += text.length
  return bytes <= MAX_BYTES
}

/** Whether it is worth while to make headers of a message: `false` where they would never fit. */
export function mayFitHeaders(message: Message, isBundle: boolean): boolean {
  if (message.size <= MAX_LINES) return true
  if (!isBundle) return false
  // Signatures name what they cover, in quotes, nested messages as links.
  let bytes = 0
  for (const { committed } of message.commitments.values()) {
    for (const key of committed) bytes += key.length + (message.get(key) instanceof Message ? 8 : 3)
  }
  return bytes <= MAX_BYTES
}

/** Takes headers as long as there is room for them beside those of every reply. */
export class HeaderRoom {
  #lines = MAX_LINES / 2
  #bytes = MAX_BYTES / 2

  /** Whether a header was taken. */
  take(name: string, text: string): boolean {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(text)
    if (this.#lines === 0 || bytes > this.#bytes) return false
    this.#lines -= 1
    this.#bytes -= bytes
    return true
  }
}
