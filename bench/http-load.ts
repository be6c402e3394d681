/**
 * A load generator that costs little: prepared HTTP/1.1 requests over plain sockets, replies read
 * only as far as to know their status and their end. On a machine of two cores every microsecond
 * that the client takes is one that the node does not have.
 */
import { connect, type Socket } from 'node:net'

export interface LoadOptions {
  readonly port: number
  /** Open connections, each with one request at a time. */
  readonly connections: number
  /** How many requests are sent; prepared ones are taken in turns. */
  readonly count: number
  /** Requests a second that are begun whatever the replies do; without it as many as possible. */
  readonly ratePerSecond?: number
}

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  /** Time to the last byte of each reply, sorted. */
  readonly latenciesMs: readonly number[]
  /** Time to the first byte of each reply, sorted. */
  readonly firstByteMs: readonly number[]
  readonly bytes: number
  /** Processor time of the load generator. */
  readonly cpuMs: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LENGTH_HEADER = /\r\ncontent-length: *(\d+)/i
const CHUNKED_HEADER = /\r\ntransfer-encoding: *chunked/i
const LAST_CHUNK = Buffer.from('\r\n0\r\n\r\n')

/**
 * Sends the requests and waits for all replies.
 * @throws Error for the first reply whose status is not 200, with the reply's text.
 */
export async function runLoad(
  requests: readonly Uint8Array[],
  options: LoadOptions,
): Promise<LoadResult> {
  const connections = await Promise.all(
    Array.from({ length: options.connections }, () => Connection.open(options.port)),
  )
  const latencies: number[] = []
  const firstBytes: number[] = []
  let bytes = 0
  let next = 0
  const send = async (connection: Connection, dueMs?: number): Promise<void> => {
    const request = requests[next++ % requests.length]
    if (request === undefined) throw new Error('Expected at least one request')
    const startMs = dueMs ?? performance.now()
    const reply = await connection.exchange(request)
    latencies.push(performance.now() - startMs)
    firstBytes.push(reply.firstByteMs - startMs)
    bytes += reply.bytes
  }
  const cpu = process.cpuUsage()
  const startMs = performance.now()
  if (options.ratePerSecond === undefined) {
    const work = async (connection: Connection): Promise<void> => {
      while (next < options.count) await send(connection)
    }
    await Promise.all(connections.map(work))
  } else {
    await paced(connections, options, send)
  }
  const seconds = (performance.now() - startMs) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  for (const connection of connections) connection.close()
  return {
    ...{ requests: latencies.length, seconds, bytes, cpuMs: (user + system) / 1_000 },
    latenciesMs: latencies.sort((left, right) => left - right),
    firstByteMs: firstBytes.sort((left, right) => left - right),
  }
}

type Send = (connection: Connection, dueMs: number) => Promise<void>

/** Begins requests when they are due; one that finds no free connection waits, and that counts. */
async function paced(
  connections: readonly Connection[],
  { count, ratePerSecond = 1 }: LoadOptions,
  send: Send,
): Promise<void> {
  const free = [...connections]
  const running: Promise<void>[] = []
  const startMs = performance.now()
  let hasWaited = false
  for (let begun = 0; begun < count; ) {
    const due = startMs + (begun * 1_000) / ratePerSecond
    const isDue = performance.now() >= due
    const connection = isDue ? free.pop() : undefined
    if (connection === undefined) {
      hasWaited = isDue
      await new Promise((resolve) => setTimeout(resolve, 1))
      continue
    }
    begun++
    // The timer of this loop is late by a millisecond or so, which is no fault of the node.
    const start = hasWaited ? due : performance.now()
    hasWaited = false
    running.push(send(connection, start).then(() => void free.push(connection)))
  }
  await Promise.all(running)
}

interface Reply {
  readonly bytes: number
  readonly firstByteMs: number
}

class Connection {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #received = 0
  /** Bytes of head and body together, or that chunks tell the end, once the head is there. */
  #expected: number | 'chunked' | undefined
  /** The last bytes received, as many as end a chunked body. */
  #tail: Buffer = Buffer.alloc(0)
  #firstByteMs = 0
  #settle: { resolve: (reply: Reply) => void; reject: (error: Error) => void } | undefined

  static open(port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new Connection(socket)))
    })
  }

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
    socket.on('close', () => this.#settle?.reject(new Error('The node closed the connection')))
  }

  exchange(request: Uint8Array): Promise<Reply> {
    this.#chunks = []
    this.#received = 0
    this.#expected = undefined
    this.#tail = Buffer.alloc(0)
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    if (this.#received === 0) this.#firstByteMs = performance.now()
    this.#received += chunk.length
    if (this.#expected === undefined) {
      this.#chunks.push(chunk)
      this.#expected = replyLength(this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks))
    }
    if (!this.#isComplete(chunk)) return
    const settle = this.#settle
    this.#settle = undefined
    if (isOk(this.#chunks)) {
      settle?.resolve({ bytes: this.#received, firstByteMs: this.#firstByteMs })
    } else {
      settle?.reject(new Error(Buffer.concat(this.#chunks).toString('latin1').slice(0, 2_000)))
    }
  }

  #isComplete(chunk: Buffer): boolean {
    if (this.#expected !== 'chunked')
      return this.#received >= (this.#expected ?? Number.POSITIVE_INFINITY)
    const { length } = LAST_CHUNK
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-length)]).subarray(-length)
    return this.#tail.equals(LAST_CHUNK)
  }
}

function isOk([first]: readonly Buffer[]): boolean {
  return first?.toString('latin1', 9, 12) === '200'
}

function replyLength(head: Buffer): number | 'chunked' | undefined {
  const end = head.indexOf(HEAD_END)
  if (end < 0) return undefined
  const text = head.toString('latin1', 0, end)
  if (CHUNKED_HEADER.test(text)) return 'chunked'
  const match = LENGTH_HEADER.exec(text)
  return end + HEAD_END.length + Number(match?.[1] ?? 0)
}
