/**
 * What is known of item bytes that are held anyway: the message they are, and whether their
 * signature holds. A posted item is checked at the door and again before it is scheduled; the second
 * time costs nothing. Bytes never change once they are read, and both facts follow from them alone,
 * so that the same array always has the same answers; they go when the array goes.
 */
import type { Message } from '../../message/message.ts'

const messages = new WeakMap<Uint8Array, Message>()
const verdicts = new WeakMap<Uint8Array, Promise<boolean>>()

/** The message of these bytes, read at most once. */
export function messageOfBytes(bytes: Uint8Array, read: () => Message): Message {
  const known = messages.get(bytes)
  if (known !== undefined) return known
  const message = read()
  messages.set(bytes, message)
  return message
}

/** Whether the signature of these bytes holds, checked at most once. */
export function verdictOfBytes(
  bytes: Uint8Array,
  verify: () => Promise<boolean>,
): Promise<boolean> {
  let verdict = verdicts.get(bytes)
  if (verdict === undefined) {
    verdict = verify()
    verdicts.set(bytes, verdict)
    // A check that could not be made says nothing.
    verdict.catch(() => verdicts.delete(bytes))
  }
  return verdict
}
