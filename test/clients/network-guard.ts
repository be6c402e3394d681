/** Fails a test in which anything connects to another machine. */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** Node tells of each socket that a client opens, whichever library it is for. */
const CHANNEL = 'net.client.socket'
const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

export function guardNetwork(t: TestContext): void {
  const foreign: string[] = []
  const watch = (message: unknown): void => {
    const { socket } = message as { socket: Socket }
    socket.on('lookup', (_error, address: string, _family, host: string) => {
      if (!LOOPBACK.has(address)) foreign.push(host)
    })
    socket.on('connect', () => {
      const { remoteAddress = 'unknown' } = socket
      if (!LOOPBACK.has(remoteAddress)) foreign.push(remoteAddress)
    })
  }
  subscribe(CHANNEL, watch)
  t.after(() => {
    unsubscribe(CHANNEL, watch)
    assert.deepEqual(foreign, [], 'connections beyond this machine')
  })
}
