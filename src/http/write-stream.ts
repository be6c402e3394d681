/**
 * Writes a body while it is made, no faster than its client reads it. Of a slow client's reply the
 * node holds what was made last and what it takes to go on, not the rest.
 */
import type { ServerResponse } from 'node:http'
import { isGone } from './is-gone.ts'

/** A body that is sent while it is made. Who stops to read it early ends its making. */
export interface ReplyStream extends AsyncIterable<Uint8Array> {
  /** Gives up what can be read again: nobody knows when the client takes more. */
  release(): void
}

/** After this time without room for more, a client counts as slow. */
const SLOW_MS = 100

/**
 * Resolves when all is written, or the client has gone. What the stream throws ends the connection,
 * as nothing but the missing end could tell the client.
 * @param onSlow called in each pause that takes long.
 */
export async function writeStream(
  response: ServerResponse,
  stream: ReplyStream,
  onSlow: () => void,
): Promise<void> {
  const release = (): void => {
    stream.release()
    onSlow()
  }
  // A stream of HTTP/2 that is reset without an error is not closed unasked.
  response.req.once('aborted', () => response.destroy())
  try {
    for await (const chunk of stream) {
      if (isGone(response)) return
      if (!response.write(chunk)) await drained(response, release)
      if (isGone(response)) return
    }
  } catch (error) {
    response.destroy()
    throw error
  }
  response.end()
}

/** Resolves when there is room for more, or nobody to read it. */
function drained(response: ServerResponse, onSlow: () => void): Promise<void> {
  return new Promise((resolve) => {
    const slow = setTimeout(onSlow, SLOW_MS)
    const go = (): void => {
      clearTimeout(slow)
      response.off('drain', go)
      response.off('close', go)
      resolve()
    }
    response.on('drain', go)
    response.on('close', go)
  })
}
