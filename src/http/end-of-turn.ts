/**
 * Replies that are ready in one turn of the event loop are written together at its end. A write
 * wakes a client that waits; while it is awake, others cost a third of that, for both sides.
 */

/** Runs what is given at the end of the turn, in the order of the calls. It must not throw. */
export type EndOfTurn = (run: () => void) => void

export function createEndOfTurn(): EndOfTurn {
  let waiting: (() => void)[] = []
  const release = (): void => {
    const released = waiting
    waiting = []
    for (const run of released) run()
  }
  return (run) => {
    if (waiting.push(run) === 1) setImmediate(release)
  }
}
