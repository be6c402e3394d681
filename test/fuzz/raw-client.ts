/** A client that keeps to no rule: it sends any bytes, in any pieces, and goes away when it likes. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { HttpRequest } from '../replay.ts'

export interface RawTalk {
  readonly pieces: readonly Uint8Array[]
  /** Between two pieces. */
  readonly pauseMs: number
  /** Says that no more comes and reads to the end, breaks the connection, or leaves without a word. */
  readonly ending: 'end' | 'reset' | 'leave'
}

/** What a client waits for the end of a connection that it has closed its side of. */
const PATIENCE_MS = 5_000

/**
 * All that the server says; nothing where the client does not read to the end.
 * @throws Error when the server keeps a connection whose client has said that no more comes
 */
export async function talk(port: number, { pieces, pauseMs, ending }: RawTalk): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const received: Buffer[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk))
  // The server may cut a connection at any time: that is its right.
  socket.on('error', () => undefined)
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  for (const piece of pieces) {
    if (socket.destroyed) break
    socket.write(piece)
    if (pauseMs > 0) await pause(pauseMs)
  }
  if (socket.destroyed) return Buffer.concat(received)
  if (ending !== 'end') {
    if (ending === 'reset') socket.resetAndDestroy()
    else socket.destroy()
    return Buffer.alloc(0)
  }
  socket.end()
  const timer = setTimeout(
    () => socket.destroy(new Error('The server keeps the connection')),
    PATIENCE_MS,
  )
  const [hadError] = (await once(socket, 'close')) as [boolean]
  clearTimeout(timer)
  if (hadError && socket.errored?.message.startsWith('The server')) throw socket.errored
  return Buffer.concat(received)
}

/** A request as HTTP/1.1 has it; a header that is there twice is sent twice. */
export function requestBytes({ method, path, headers, body }: HttpRequest): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const length = body === undefined ? '' : `content-length: ${body.length}\r\n`
  const head = `${method} ${path} HTTP/1.1\r\nhost: a\r\n${lines}${length}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])
}
