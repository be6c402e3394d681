import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { AoError } from '../base/errors.ts'
import type { MemoryAccount } from '../base/memory-budget.ts'
import { type BodyReader, createBodyReader } from './body.ts'
import { DEFAULT_HTTP_LIMITS } from './limits.ts'
import { Refusal } from './refusal.ts'
import { readHead } from './request-head.ts'

const free: MemoryAccount = { hold: () => undefined, keep: () => undefined }

/** A server whose replies are what it read, and a connection to it. */
async function open(t: TestContext, read: (request: IncomingMessage) => Promise<string>) {
  const server = createServer((request, response) => {
    void read(request).then((text) => response.end(text))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => {
    socket.destroy()
    server.close()
  })
  const received: string[] = []
  socket.on('data', (chunk: Buffer) => received.push(chunk.toString('latin1')))
  const untilReply = async (text: string): Promise<void> => {
    while (!received.join('').includes(text)) await once(socket, 'data')
    received.length = 0
  }
  return { socket, untilReply }
}

const reader: BodyReader = createBodyReader({ ...DEFAULT_HTTP_LIMITS, bodyLimitBytes: 1_000 })

async function text(request: IncomingMessage): Promise<string> {
  return Buffer.from(await reader(request, readHead(request), free)).toString()
}

function post(length: number | 'chunked'): string {
  const how = length === 'chunked' ? 'transfer-encoding: chunked' : `content-length: ${length}`
  return `POST / HTTP/1.1\r\nhost: a\r\n${how}\r\n\r\n`
}

test('a body is the same whether it comes with its headers, after them, in pieces or in chunks', async (t) => {
  const ended: Promise<unknown>[] = []
  const { socket, untilReply } = await open(t, (request) => {
    ended.push(once(request, 'end'))
    return text(request)
  })
  const turn = () => new Promise((resolve) => setTimeout(resolve, 10))
  for (const pieces of [
    [`${post(5)}hello`],
    [post(5), 'hello'],
    [`${post(5)}he`, 'llo'],
    [`${post('chunked')}5\r\nhello\r\n0\r\n\r\n`],
  ]) {
    for (const piece of pieces) {
      socket.write(piece)
      await turn()
    }
    await untilReply('hello')
  }
  socket.write(`${post(5)}first${post(6)}second`)
  await untilReply('second')
  // Node must see the end of each, or the connection is not ready for the next.
  await Promise.all(ended)
})

test('a body that came with its headers is counted for its request', async (t) => {
  const refusals: unknown[] = []
  const full: MemoryAccount = {
    hold: (bytes) => {
      throw new AoError('overloaded', `No room for ${bytes} bytes`)
    },
    keep: () => undefined,
  }
  const { socket, untilReply } = await open(t, async (request) => {
    const reading = Promise.resolve(reader(request, readHead(request), full))
    await reading.catch((error: unknown) => refusals.push(error))
    return 'refused'
  })
  socket.write(`${post(5)}hello`)
  await untilReply('refused')
  const [refusal] = refusals
  assert.ok(refusal instanceof Refusal)
  assert.equal(refusal.status, 503)
  assert.match(refusal.message, /5 bytes/)
})
