import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import { commitMessage } from '../codec/commit.ts'
import { decodeHttpsig } from '../codec/httpsig/httpsig.ts'
import { decodeJson } from '../codec/json.ts'
import { walletFromJwk } from '../crypto/local-wallet.ts'
import { NO_COMMITMENTS } from '../message/commitment.ts'
import type { Message } from '../message/message.ts'
import type { Negotiation } from './negotiate.ts'
import { createReply, type Reply } from './reply.ts'
import { createReplyEncoders } from './reply-encoders.ts'
import { createReplySigner } from './reply-signer.ts'
import type { WireReply } from './wire-reply.ts'

/** Replies of a real node: what it answered, decoded and sent again, must be the same bytes. */
interface Recorded {
  readonly name: string
  readonly request: string | { readonly headers: readonly (readonly [string, string])[] }
  readonly response: {
    readonly status: number
    readonly headers: readonly (readonly [string, string])[]
    readonly body: { readonly text?: string; readonly base64?: string; readonly html?: true }
  }
}

/** Where the recorded reply is no model, and why. */
const NOT_AS_RECORDED: ReadonlyMap<string, string> = new Map([
  ['01-meta-info', 'more than 32 keys: the order of components is that of the Erlang runtime'],
  ['01b-meta-info-json', 'more than 32 keys, the same'],
  ['05m-schedule-json-bundle', 'nested hmacs, which say nothing that the content does not'],
  [
    '06g-proc-schedule-assignment-1',
    'ao-types were signed with the type of status, status was not',
  ],
  ['11b-compute-slot', 'the same; so are all 16c-D-assignment'],
  ['09h-unknown-device', 'stack traces'],
  ['14c-head', 'the body is the output of the program that asked'],
  ['E3-location-foreign', 'the path was changed under the signature'],
])

const isTransport = (name: string): boolean =>
  /^(date|server|transfer-encoding|content-length|x-content-type-options)$/.test(name)

function readRecorded(): Recorded[] {
  const gets = readVectorFile('http/gets') as Recorded[]
  const { posts } = readVectorFile('http/posts') as { posts: Recorded[] }
  return [...gets, ...posts].filter(({ name, response }) => {
    const isMessage = response.status !== 302 && response.status !== 204
    const isError = response.headers.some(([key]) => key === 'stacktrace')
    const isExcepted = NOT_AS_RECORDED.has(name) || /^16c-D-assignment/.test(name)
    return isMessage && !isError && !isExcepted && !isErrorPage(response)
  })
}

function isErrorPage({ status, headers }: Recorded['response']): boolean {
  return (
    status >= 400 && headers.some(([key, value]) => key === 'content-type' && /html/.test(value))
  )
}

function messageHeaders({ response }: Recorded): [string, string][] {
  return response.headers.flatMap(([key, value]) => {
    const isPage = response.body.html === true && key === 'content-type'
    return isTransport(key) || isPage ? [] : [[key, withHyphens(value)] satisfies [string, string]]
  })
}

/** Labels of signatures as they are in replies here: a hyphen for each underscore. */
function withHyphens(value: string): string {
  return value.replaceAll(/(?<=^|, )comm-[\w-]+(?==)/g, (label) => label.replaceAll('_', '-'))
}

function bodyOf({ response }: Recorded): Buffer | undefined {
  const { text, base64 } = response.body
  if (base64 !== undefined) return Buffer.from(base64, 'base64')
  return text === undefined || text === '' ? undefined : Buffer.from(text)
}

function decode(recorded: Recorded): { message: Message; negotiation: Negotiation } {
  const headers = messageHeaders(recorded).filter(([key]) => !key.startsWith('access-control'))
  const body = bodyOf(recorded)
  const codec = headers.find(([key]) => key === 'codec-device')?.[1] ?? 'httpsig@1.0'
  const negotiation = { codec, isRequired: false, bundle: isBundle(recorded), wantsPage: false }
  if (codec === 'json@1.0') return { message: decodeJson(body ?? ''), negotiation }
  if (codec === 'ans104@1.0') return { message: decodeAns104(body ?? Buffer.alloc(0)), negotiation }
  const wire = body === undefined ? { headers } : { headers, body }
  return { message: decodeHttpsig(wire), negotiation }
}

function isBundle({ request }: Recorded): boolean {
  if (typeof request === 'string') return request.includes('accept-bundle: true')
  return request.headers.some(([key, value]) => key === 'accept-bundle' && value === 'true')
}

function headersOf(reply: WireReply): Map<string, string> {
  const headers = new Map<string, string>()
  for (let i = 0; i + 1 < reply.headers.length; i += 2) {
    const name = reply.headers[i] ?? ''
    if (!isTransport(name)) headers.set(name, reply.headers[i + 1] ?? '')
  }
  return headers
}

const encoders = createReplyEncoders()
const storeMessage = async (): Promise<void> => undefined
const loadLinks = async (message: Message): Promise<Message> => message

test('createReply() sends recorded replies again as the same headers and body', async () => {
  const reply: Reply = createReply({ encoders, storeMessage, loadLinks })
  const recordings = readRecorded()
  assert.ok(recordings.length > 100)
  for (const recorded of recordings) {
    const { message, negotiation } = decode(recorded)
    const sent = await reply({ kind: 'ok', value: message }, negotiation)
    if (negotiation.codec !== 'ans104@1.0') {
      assert.equal(sent.status, recorded.response.status, recorded.name)
    }
    assert.deepEqual(
      new Map([...headersOf(sent)].sort()),
      new Map(messageHeaders(recorded).sort()),
      recorded.name,
    )
    if (recorded.response.body.html !== true) {
      const expected = bodyOf(recorded) ?? Buffer.alloc(0)
      assert.ok(expected.equals(sent.body ?? Buffer.alloc(0)), recorded.name)
    }
  }
})

test('createReply() signs what the recorded node signed: same keys, tag and hmac', async () => {
  const wallet = walletFromJwk(readVectorFile('wallet'))
  const sign = createReplySigner((message, options) => commitMessage(message, wallet, options))
  const reply = createReply({ encoders, storeMessage, loadLinks, sign })
  let compared = 0
  for (const recorded of readRecorded()) {
    const inputs = messageHeaders(recorded).find(([key]) => key === 'signature-input')?.[1] ?? ''
    const { message, negotiation } = decode(recorded)
    if (!inputs.includes('"status"') || negotiation.codec !== 'httpsig@1.0') continue
    // The state of a process, which this node does not compute, and does not sign.
    if (message.get('type') === 'Process') continue
    const hashpath = /;tag="([^"]*)"/.exec(inputs)?.[1]
    const unsigned = message
      .withCommitments(NO_COMMITMENTS)
      .withPrivate(hashpath === undefined ? {} : { hashpath })
    const headers = headersOf(
      await reply({ kind: 'ok', value: unsigned, isOwn: true }, negotiation),
    )
    assert.deepEqual(
      signedBy(headers.get('signature-input') ?? ''),
      signedBy(inputs),
      recorded.name,
    )
    compared += 1
  }
  assert.ok(compared > 40)
})

/** Parameters of each signature without its label, but for an hmac, where the label is its hash. */
function signedBy(inputs: string): string[] {
  return inputs
    .split(/, (?=comm-)/)
    .map((entry) => (entry.includes('hmac-sha256') ? entry : entry.replace(/^comm-[^=]*=?=/, '')))
    .sort()
}
