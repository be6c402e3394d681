/**
 * Replies that their clients have not read yet. A client that reads slowly costs no more than the
 * bytes of its reply, and these not for ever and not without a bound.
 */
import type { ServerResponse } from 'node:http'
import { isGone } from './is-gone.ts'
import type { HttpLimits } from './limits.ts'

export interface Outbox {
  /** Bytes that wait for clients. */
  readonly unreadBytes: number
  /**
   * Watches a reply that was written, until it is sent. It is cut when its time is up, and when all
   * together are too much it is the turn of those that have been read longest. One that is written
   * piece by piece is watched anew in each pause; its time runs on.
   * @param heldBytes what is held beside the bytes that wait. Default 0.
   */
  watch(response: ServerResponse, heldBytes?: number): void
}

export function createOutbox(
  limits: Pick<HttpLimits, 'sendTimeoutMs' | 'replyBufferLimitBytes'>,
): Outbox {
  /** Bytes of each, the one that has been read longest in front. */
  const waiting = new Map<ServerResponse, number>()
  let unreadBytes = 0
  const count = (response: ServerResponse, bytes: number): void => {
    unreadBytes += bytes - (waiting.get(response) ?? 0)
    waiting.set(response, bytes)
  }
  const forget = (response: ServerResponse): void => {
    unreadBytes -= waiting.get(response) ?? 0
    waiting.delete(response)
  }
  const cutOldest = (): void => {
    for (const [response, bytes] of waiting) {
      if (unreadBytes <= limits.replyBufferLimitBytes) return
      if (bytes === 0) continue
      forget(response)
      response.destroy()
    }
  }
  return {
    get unreadBytes() {
      return unreadBytes
    },
    watch: (response, heldBytes = 0) => {
      // What the system has taken is out of our hands, and that is nearly always all of it.
      const bytes = response.writableLength
      const isKnown = waiting.has(response)
      if ((bytes === 0 && !isKnown) || isGone(response)) return
      count(response, bytes + heldBytes)
      if (!isKnown) {
        const timer = setTimeout(() => response.destroy(), limits.sendTimeoutMs)
        response.on('drain', () => {
          if (waiting.has(response)) count(response, heldBytes)
        })
        response.once('close', () => {
          clearTimeout(timer)
          forget(response)
        })
      }
      cutOldest()
    },
  }
}
