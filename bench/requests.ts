/** Prepared HTTP requests: signed messages to schedule, and reads. */
import { toBytes } from '../src/base/bytes.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { encodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import { createMessage } from '../src/message/create-message.ts'
import { messageId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'

/** How a message reaches the scheduler. */
export type MessageForm =
  /** A data item as the body. */
  | 'ans104'
  /** Signed httpsig under the key `body` of a request that is not signed. */
  | 'httpsig-wrapped'
  /** The request itself is the signed message, sent to the path of its process. */
  | 'httpsig-direct'

const SCHEDULE = '/~scheduler@1.0/schedule'

export interface PreparedProcess {
  readonly id: string
  readonly request: Uint8Array
}

/** Processes that the given address schedules. */
export async function prepareProcesses(
  count: number,
  scheduler: string,
  client: Wallet,
): Promise<PreparedProcess[]> {
  return signMany(count, async (index) => {
    const process = await commitMessage(
      createMessage({
        ...{ type: 'Process', device: 'process@1.0', scheduler, 'data-protocol': 'ao' },
        ...{ variant: 'ao.N.1', number: `${index}` },
      }),
      client,
      { device: 'ans104@1.0' },
    )
    return { id: messageId(process, 'all'), request: itemRequest(process) }
  })
}

export interface MessageSpec {
  readonly form: MessageForm
  readonly client: Wallet
  readonly processes: readonly PreparedProcess[]
  /** So that no two messages of a run are alike. */
  readonly salt: string
}

/** Requests that post signed messages with 64 bytes of data, to the processes in turns. */
export async function prepareMessages(
  count: number,
  { form, client, processes, salt }: MessageSpec,
): Promise<Uint8Array[]> {
  return signMany(count, async (index) => {
    const target = processes[index % processes.length]?.id ?? ''
    const message = createMessage({
      ...{ type: 'Message', target, action: 'Bench', 'data-protocol': 'ao', variant: 'ao.N.1' },
      ...{ number: `${salt}-${index}`, data: 'x'.repeat(64) },
    })
    const device = form === 'ans104' ? 'ans104@1.0' : 'httpsig@1.0'
    const signed = await commitMessage(message, client, { device })
    if (form === 'ans104') return itemRequest(signed)
    return form === 'httpsig-direct'
      ? httpsigRequest(`/${target}/schedule`, signed)
      : httpsigRequest(SCHEDULE, new Message([['body', signed]]))
  })
}

export function getRequest(path: string, headers: Readonly<Record<string, string>> = {}) {
  return httpRequest('GET', path, Object.entries(headers))
}

/** Four at a time: enough to keep the cores busy. */
async function signMany<T>(count: number, sign: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const index = next++
      results[index] = await sign(index)
    }
  }
  await Promise.all(Array.from({ length: 4 }, work))
  return results
}

function itemRequest(message: Message): Uint8Array {
  const headers: Header[] = [
    ['content-type', 'application/ans104'],
    ['codec-device', 'ans104@1.0'],
  ]
  return httpRequest('POST', SCHEDULE, headers, encodeAns104(message))
}

function httpsigRequest(path: string, message: Message): Uint8Array {
  const { headers, body } = encodeHttpsig(message, { bundle: true })
  const latin1 = headers.map(([name, value]): Header => {
    return [name, Buffer.from(toBytes(value)).toString('latin1')]
  })
  return httpRequest('POST', path, latin1, body)
}

type Header = readonly [name: string, latin1: string]

function httpRequest(
  method: string,
  path: string,
  headers: readonly Header[],
  body: Uint8Array = new Uint8Array(),
): Uint8Array {
  const length: Header[] = method === 'GET' ? [] : [['content-length', `${body.length}`]]
  const lines = [['host', 'localhost'] as const, ...headers, ...length].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  const head = `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), body])
}
