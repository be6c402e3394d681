/**
 * Until when replies must be found. All requests have the same time, so that the first that came is
 * the first whose time is up: one timer does for all of them.
 */

export interface Expiring {
  /** Called once when the time is up. */
  expire(timeoutMs: number): void
}

export interface ReplyDeadlines {
  /** From now on its time runs; `expire` is called when it is up, unless the request is deleted. */
  add(request: Expiring): void
  delete(request: Expiring): void
}

export function createReplyDeadlines(timeoutMs: number): ReplyDeadlines {
  /** With the times when they are due, the first one in front. */
  const waiting = new Map<Expiring, number>()
  let timer: NodeJS.Timeout | undefined
  const wakeIn = (delayMs: number): void => {
    timer = setTimeout(expireDue, delayMs).unref()
  }
  const expireDue = (): void => {
    timer = undefined
    const nowMs = performance.now()
    for (const [request, dueMs] of waiting) {
      if (dueMs > nowMs) {
        wakeIn(Math.ceil(dueMs - nowMs))
        return
      }
      waiting.delete(request)
      request.expire(timeoutMs)
    }
  }
  return {
    add: (request) => {
      waiting.set(request, performance.now() + timeoutMs)
      if (timer === undefined) wakeIn(timeoutMs)
    },
    delete: (request) => void waiting.delete(request),
  }
}
