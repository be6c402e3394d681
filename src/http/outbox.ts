/**
 * Replies that their clients have not read yet. A client that reads slowly costs no more than the
 * bytes of its reply, and these not for ever and not without a bound.
 */
import type { ServerResponse } from 'node:http'
import type { HttpLimits } from './limits.ts'

export interface Outbox {
  /** Bytes that wait for clients. */
  readonly unreadBytes: number
  /**
   * Watches a reply that was written, until it is sent. It is cut when its time is up, and when all
   * together are too much it is the turn of those that have been read longest.
   */
  watch(response: ServerResponse): void
}

interface Unread {
  readonly response: ServerResponse
  readonly bytes: number
}

export function createOutbox(
  limits: Pick<HttpLimits, 'sendTimeoutMs' | 'replyBufferLimitBytes'>,
): Outbox {
  const waiting = new Set<Unread>()
  let unreadBytes = 0
  const cutOldest = (): void => {
    for (const unread of waiting) {
      if (unreadBytes <= limits.replyBufferLimitBytes) return
      waiting.delete(unread)
      unreadBytes -= unread.bytes
      unread.response.destroy()
    }
  }
  return {
    get unreadBytes() {
      return unreadBytes
    },
    watch: (response) => {
      // What the system has taken is out of our hands, and that is nearly always all of it.
      const bytes = response.writableLength
      if (bytes === 0 || response.destroyed) return
      const unread = { response, bytes }
      const timer = setTimeout(() => response.destroy(), limits.sendTimeoutMs)
      waiting.add(unread)
      unreadBytes += bytes
      response.once('close', () => {
        clearTimeout(timer)
        if (waiting.delete(unread)) unreadBytes -= bytes
      })
      cutOldest()
    },
  }
}
