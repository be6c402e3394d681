/**
 * Until when replies must be found. All requests have the same time, so that the first that came is
 * the first whose time is up: one timer does for all of them.
 */

export interface Expiring {
  /** Called once when the time is up. */
  expire(timeoutMs: number): void
}

/** The time of one request, to be deleted when its reply is found. */
export interface Deadline {
  request: Expiring | undefined
  readonly dueMs: number
  earlier: Deadline | undefined
  later: Deadline | undefined
}

export interface ReplyDeadlines {
  /** From now on its time runs; `expire` is called when it is up, unless its deadline is deleted. */
  add(request: Expiring): Deadline
  /** May be called again, and for a deadline that is over. */
  delete(deadline: Deadline): void
}

/**
 * @NOTE A list and no map: a map that ever changes is made anew every few entries, and V8 lets each
 * one lead to the next, so that young garbage in them lives on from the first one that grew old.
 */
export function createReplyDeadlines(timeoutMs: number): ReplyDeadlines {
  /** Stands before the first and after the last, which is the one that is due last. */
  const end = createEnd()
  let timer: NodeJS.Timeout | undefined
  const wakeIn = (delayMs: number): void => {
    timer = setTimeout(expireDue, delayMs).unref()
  }
  const expireDue = (): void => {
    timer = undefined
    const nowMs = performance.now()
    for (let first = end.later; first?.request !== undefined; first = end.later) {
      if (first.dueMs > nowMs) {
        wakeIn(Math.ceil(first.dueMs - nowMs))
        return
      }
      const { request } = first
      remove(first)
      request.expire(timeoutMs)
    }
  }
  return {
    add: (request) => {
      const last = end.earlier ?? end
      const dueMs = performance.now() + timeoutMs
      const deadline: Deadline = { request, dueMs, earlier: last, later: end }
      last.later = deadline
      end.earlier = deadline
      if (timer === undefined) wakeIn(timeoutMs)
      return deadline
    },
    delete: remove,
  }
}

function createEnd(): Deadline {
  const end: Deadline = { request: undefined, dueMs: 0, earlier: undefined, later: undefined }
  end.earlier = end
  end.later = end
  return end
}

/** Leads nowhere afterwards: see above. */
function remove(deadline: Deadline): void {
  const { earlier, later } = deadline
  if (earlier !== undefined) earlier.later = later
  if (later !== undefined) later.earlier = earlier
  deadline.request = undefined
  deadline.earlier = undefined
  deadline.later = undefined
}
