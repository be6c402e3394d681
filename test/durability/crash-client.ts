/** Clients that post messages of both codecs until the node is gone or they have sent enough. */
import { type Dispatcher, request } from 'undici'
import { toBytes } from '../../src/base/bytes.ts'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { commitMessage } from '../../src/codec/commit.ts'
import { encodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { generateWallet } from '../../src/crypto/local-wallet.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { createMessage, type MessageInput } from '../../src/message/create-message.ts'
import { messageId } from '../../src/message/id.ts'
import type { Message } from '../../src/message/message.ts'
import type { CrashLedger } from './crash-ledger.ts'
import type { Random } from './crash-random.ts'

/** Signing an item takes no time; a signature of HTTP takes milliseconds of this process. */
const itemWallet = await generateWallet('ed25519')
const httpWallet = testWallet()

export interface CrashClient {
  readonly url: string
  readonly dispatcher: Dispatcher
  readonly ledger: CrashLedger
  readonly random: Random
  /** Messages whose reply never came are kept here, to be posted again. */
  readonly unanswered: Message[]
}

/** One in so many messages is changed after it was signed. */
const FORGED_ONCE_IN = 12
const HTTPSIG_ONCE_IN = 4

export function signItem(content: MessageInput): Promise<Message> {
  return commitMessage(createMessage(content), itemWallet, { device: 'ans104@1.0' })
}

/** Posts up to `count` messages one after the other; ends early when the node is gone. */
export async function postMessages(client: CrashClient, count: number): Promise<void> {
  const { random, ledger } = client
  for (let n = 0; n < count; n++) {
    const message = await newMessage(ledger.processId, random)
    const isForged = random.isLuckyOnceIn(FORGED_ONCE_IN)
    if (!(await post(client, isForged ? forged(message) : message))) return
  }
}

/** Posts again what was not answered before. */
export async function postAgain(client: CrashClient): Promise<void> {
  for (const message of client.unanswered.splice(0)) await post(client, message)
}

async function newMessage(target: string, random: Random): Promise<Message> {
  const content = { target, type: 'Message', nonce: String(random.next()), data: 'x'.repeat(99) }
  if (!random.isLuckyOnceIn(HTTPSIG_ONCE_IN)) return signItem(content)
  return commitMessage(createMessage(content), httpWallet, { device: 'httpsig@1.0' })
}

/** The id of a signed message is that of its signature: this one has an id of its own. */
function forged(message: Message): Message {
  return message.with([['data', 'forged']])
}

/** Posts a message and notes what the node says; gives whether it said anything. */
export async function post(client: CrashClient, message: Message): Promise<boolean> {
  const { ledger, url, dispatcher, unanswered } = client
  const id = messageId(message, 'all')
  try {
    const { statusCode, headers, body } = await request(`${url}/~scheduler@1.0/schedule`, {
      ...{ method: 'POST', dispatcher },
      ...encode(message),
    })
    const text = await body.text()
    if (statusCode === 200) {
      ledger.acknowledge(id, {
        slot: Number(headers.slot),
        timestamp: String(headers.timestamp),
        chain: String(headers['base-hashpath'] ?? headers['hash-chain']),
      })
    } else if (statusCode < 500 || statusCode === 503) ledger.refused.add(id)
    else throw new Error(`The node answered ${statusCode}: ${text.slice(0, 200)}`)
    return true
  } catch (error) {
    if (!isConnectionError(error)) throw error
    ledger.uncertain.add(id)
    unanswered.push(message)
    return false
  }
}

function encode(message: Message): { headers: string[]; body: Uint8Array | null } {
  const devices = [...message.commitments.values()].map(({ device }) => device)
  if (devices.includes('ans104@1.0')) {
    return { headers: ['content-type', 'application/ans104'], body: encodeAns104(message) }
  }
  const { headers, body = null } = encodeHttpsig(message, { bundle: true })
  const flat = headers.flatMap(([name, value]) => [
    name,
    Buffer.from(toBytes(value)).toString('latin1'),
  ])
  return { headers: flat, body }
}

/** Of the system (`ECONNRESET`) or of undici (`UND_ERR_SOCKET`). */
function isConnectionError(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown }
  return (
    typeof code === 'string' && /^(E[A-Z]+|UND_ERR_\w+)$/.test(code) && !code.startsWith('ERR_')
  )
}
