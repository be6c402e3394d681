/** What clients really sent: the seeds of mutations. */

import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { commitMessage } from '../../src/codec/commit.ts'
import { generateWallet } from '../../src/crypto/local-wallet.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { type HttpRequest, readGets, readPosts } from '../replay.ts'
import { readCaptures } from '../vectors.ts'

interface CapturedRequest {
  readonly method: string
  readonly url: string
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyBase64?: string
}

export interface Corpus {
  readonly requests: readonly HttpRequest[]
  /** Data items, signed and not, with bundles. */
  readonly items: readonly Uint8Array[]
  readonly multipart: readonly HttpRequest[]
  readonly paths: readonly string[]
}

export async function readCorpus(): Promise<Corpus> {
  const requests = [...captured(), ...readPosts().map(({ request }) => request)]
  const gets = readGets().map(({ request }) => request)
  const typeOf = ({ headers }: HttpRequest): string =>
    headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1] ?? ''
  const items = requests.flatMap((request) => {
    const isItem = /ans104/.test(typeOf(request)) || /ans104/.test(JSON.stringify(request.headers))
    return isItem && request.body !== undefined ? [request.body] : []
  })
  return {
    requests: [...requests, ...gets],
    items: [...items, ...(await bundles())],
    multipart: requests.filter((request) => typeOf(request).startsWith('multipart/')),
    paths: [...new Set([...requests, ...gets].map(({ path }) => path))],
  }
}

function captured(): HttpRequest[] {
  return readCaptures().flatMap(({ capture }) => {
    const sent = capture.requests as readonly CapturedRequest[]
    return sent.map(({ method, url, headers, bodyBase64 = '' }) => ({
      method,
      path: url.replace(/^https?:\/\/[^/]+/, '') || '/',
      headers,
      body: Buffer.from(bodyBase64, 'base64'),
    }))
  })
}

/** Items in items, with values of all types. */
async function bundles(): Promise<Uint8Array[]> {
  const wallet = await generateWallet('ed25519')
  const nested = { n: 1, deep: { list: ['a', 2, { x: true }], text: 'é' }, data: 'x'.repeat(100) }
  const message = createMessage({ type: 'Message', target: 'T'.repeat(43), nested, tag: 'v' })
  const made: Uint8Array[] = []
  for (const bundle of [true, false]) {
    const signed = await commitMessage(message, wallet, { device: 'ans104@1.0', bundle })
    made.push(encodeAns104(signed, { bundle }))
  }
  return made
}
