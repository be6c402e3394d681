/** Wakes a queue when the first in it has waited its time, without a timer for each. */

export interface QueueTimer {
  /** Sees to it that `check` is called in so many milliseconds, if it is not called sooner anyway. */
  start(delayMs: number): void
}

/** `check` gives the milliseconds until it is to be called again; `undefined` when nothing waits. */
export function createQueueTimer(check: () => number | undefined): QueueTimer {
  let timer: NodeJS.Timeout | undefined
  const wake = (): void => {
    timer = undefined
    const nextMs = check()
    if (nextMs !== undefined) start(nextMs)
  }
  const start = (delayMs: number): void => {
    if (timer === undefined) timer = setTimeout(wake, delayMs).unref()
  }
  return { start }
}
