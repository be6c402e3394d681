/** The writes of mode `aggressive`, whose assignments are acknowledged before they are written. */

const RETRY_MIN_MS = 100
const RETRY_MAX_MS = 5_000

export interface AppendWatch {
  /** Whether the node stops: the next failure is the last. */
  readonly isClosed: () => boolean
  /** Told why nothing can be written at the moment; `undefined` when it can again. */
  readonly stalled: (error: unknown) => void
}

/** Tries a write however long the store takes to recover. @throws its error once the node stops */
export async function appendUntilWritten(
  append: () => Promise<void>,
  { isClosed, stalled }: AppendWatch,
): Promise<void> {
  for (let delayMs = RETRY_MIN_MS; ; delayMs = Math.min(delayMs * 2, RETRY_MAX_MS)) {
    try {
      await append()
      stalled(undefined)
      return
    } catch (error) {
      if (isClosed()) throw error
      stalled(error)
      await new Promise((resolve) => setTimeout(resolve, delayMs))
    }
  }
}
