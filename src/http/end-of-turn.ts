/**
 * Replies that are ready in one turn of the event loop are written together at its end. A write
 * wakes a client that waits; while it is awake, others cost a third of that, for both sides.
 */

/** Resolves at the end of the turn, in the order of the calls. */
export type EndOfTurn = () => Promise<void>

export function createEndOfTurn(): EndOfTurn {
  let waiting: (() => void)[] = []
  const release = (): void => {
    const released = waiting
    waiting = []
    for (const resolve of released) resolve()
  }
  return () =>
    new Promise((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(release)
    })
}
