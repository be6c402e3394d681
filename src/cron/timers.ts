/** Timers as a dependency, so that a test can set the time. */

export interface Timers {
  /** Calls back once after so many milliseconds; the function that it gives cancels that. */
  set(callback: () => void, delayMs: number): () => void
}

/** Timers that do not keep a process alive. */
export const systemTimers: Timers = {
  set: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}
