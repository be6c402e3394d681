/** Reading httpsig@1.0: the wire forms of the 120 messages, and real traffic of nodes and clients. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isAoError } from '../src/base/errors.ts'
import { equalValues } from '../src/codec/httpsig/equal-values.ts'
import {
  decodeHttpsig,
  encodeHttpsig,
  type HttpsigWire,
  verifyHttpsig,
} from '../src/codec/httpsig/httpsig.ts'
import { verifyCommitment } from '../src/codec/verify.ts'
import { type Commitment, isSigned } from '../src/message/commitment.ts'
import { messageId, unsignedId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { parseTyped } from '../src/message/typed-notation.ts'
import {
  capturedWire,
  formToWire,
  type GoldenForm,
  type GoldenHttp,
  httpToWire,
} from './golden-wire.ts'
import { readCaptures, readMessageVectors, readVectorFile } from './vectors.ts'

/** A nested value with a line break, written as a line: the part it cuts has no name left. */
const UNREADABLE = [
  'random-013',
  'random-047',
  'random-050',
  'random-051',
  'random-052',
  'random-053',
  'random-074',
]
/** The same where only the end of the value, or lines after it, are lost. */
const CUT = ['random-001', 'random-017', 'random-042', 'random-072', 'random-076']
/** A `content-type` of the message gives way to the boundary. */
const CONTENT_TYPE = [
  'random-013',
  'random-017',
  'random-018',
  'random-030',
  'random-040',
  'random-050',
  'random-059',
  'random-066',
  'random-067',
]

const vectors = readMessageVectors()
  .filter(({ name }) => name !== '46-huge-int' && name !== '47-atom-with-space')
  .map(({ name, vector }) => ({ name, vector, message: parseTyped(vector.msg) as Message }))

interface GoldenCommit {
  readonly msg: unknown
  readonly http: GoldenForm
  readonly http_bundle: GoldenForm
}

function goldenCommits(kind: string) {
  return vectors.map(({ name, vector, message }) => {
    const golden = vector[kind] as GoldenCommit
    const { commitments } = parseTyped(golden.msg) as Message
    return { name, message, golden, commitments }
  })
}

/** The signatures of a message that do not hold. */
async function failing(message: Message): Promise<Commitment[]> {
  const failed: Commitment[] = []
  for (const commitment of message.commitments.values()) {
    const options = { verifyNested: verifyCommitment }
    if (isSigned(commitment) && !(await verifyHttpsig(message, commitment, options))) {
      failed.push(commitment)
    }
  }
  return failed
}

function readsAs(form: GoldenForm, message: Message): 'equal' | 'other' | 'refused' {
  try {
    return equalValues(decodeHttpsig(formToWire(form)), message) ? 'equal' : 'other'
  } catch (error) {
    assert.ok(isAoError(error, 'invalid-encoding'))
    return 'refused'
  }
}

describe('decodeHttpsig() of the forms of a node', () => {
  test('headers alone give the message, its nested messages as links', () => {
    for (const { name, vector, message } of vectors) {
      assert.equal(readsAs(vector.httpsig as GoldenForm, message), 'equal', name)
    }
    for (const kind of ['unsigned_commit_httpsig', 'commit_httpsig', 'commit_httpsig_bundle']) {
      for (const { name, message, golden } of goldenCommits(kind)) {
        assert.equal(readsAs(golden.http, message), 'equal', name)
      }
    }
  })

  test('a bundle gives the message, but for what the node lost in writing it', () => {
    const read = (form: (vector: Readonly<Record<string, unknown>>) => GoldenForm) => {
      const names = { other: [] as string[], refused: [] as string[] }
      for (const { name, vector, message } of vectors) {
        const result = readsAs(form(vector), message)
        if (result !== 'equal') names[result].push(name)
      }
      return names
    }
    const other = [...new Set([...CUT, ...CONTENT_TYPE])].filter((n) => !UNREADABLE.includes(n))
    const lost = { other: other.sort(), refused: UNREADABLE }
    assert.deepEqual(
      read((vector) => vector.httpsig_bundle as GoldenForm),
      lost,
    )
    for (const kind of ['unsigned_commit_httpsig', 'commit_httpsig', 'commit_httpsig_bundle']) {
      assert.deepEqual(
        read((vector) => (vector[kind] as GoldenCommit).http_bundle),
        lost,
      )
    }
  })

  test('commitments come back with their ids and keys, and hold', async () => {
    for (const { name, golden, commitments } of goldenCommits('commit_httpsig')) {
      const message = decodeHttpsig(formToWire(golden.http))
      assert.deepEqual(sorted(message.commitments.values()), sorted(commitments.values()), name)
      assert.deepEqual(await failing(message), [], name)
    }
  })

  test('a signature over links holds for the messages inline', async () => {
    for (const { name, golden, commitments } of goldenCommits('commit_httpsig')) {
      if (UNREADABLE.includes(name)) continue
      const message = decodeHttpsig(formToWire(golden.http_bundle))
      const isWhole = ![...CUT, ...CONTENT_TYPE].includes(name) || name === 'random-030'
      assert.equal((await failing(message)).length, isWhole ? 0 : 1, name)
      if (isWhole) assert.deepEqual(idsOf(message.commitments), idsOf(commitments), name)
    }
  })

  test('a bundle signature holds for the bytes received, and for links once they are loaded', async () => {
    for (const { name, golden, message } of goldenCommits('commit_httpsig_bundle')) {
      if (UNREADABLE.includes(name)) continue
      const bundle = decodeHttpsig(formToWire(golden.http_bundle))
      const clash = ['random-009', 'random-017', 'random-042', 'random-058'].includes(name)
      assert.equal((await failing(bundle)).length, clash ? 1 : 0, name)
      const linked = decodeHttpsig(formToWire(golden.http))
      const loaded = message.withCommitments(linked.commitments)
      const hasOwnType = message.has('content-type')
      if (!hasOwnType && !clash) assert.deepEqual(await failing(loaded), [], name)
    }
  })
})

test('encodeHttpsig() sends every message over HTTP so that it arrives, but for a content-type', () => {
  for (const bundle of [false, true]) {
    const lost: string[] = []
    for (const { name, message } of vectors) {
      const wire = encodeHttpsig(message, { bundle })
      assertSendable(wire)
      if (!equalValues(decodeHttpsig(wire), message)) lost.push(name)
    }
    assert.deepEqual(lost, bundle ? CONTENT_TYPE : [])
  }
})

function assertSendable({ headers }: HttpsigWire): void {
  for (const [name, value] of headers) {
    new Headers().set(name, Buffer.from(value).toString('latin1'))
    assert.equal(value, typeof value === 'string' ? value.trim() : value)
  }
}

function sorted(commitments: Iterable<Commitment>): Commitment[] {
  return [...commitments].sort((left, right) => (left.id < right.id ? -1 : 1))
}

function idsOf(commitments: ReadonlyMap<string, Commitment>): string[] {
  return [...commitments.keys()].sort()
}

interface Post {
  readonly name: string
  readonly request: GoldenHttp
  readonly response: GoldenHttp
}

describe('requests and replies of a node', () => {
  const { posts } = readVectorFile('http/posts') as { posts: readonly Post[] }
  const isSignedHttp = ({ headers }: GoldenHttp) => headers.some(([name]) => name === 'signature')

  test('31 signed requests: all written again to the same body, all but the tampered one hold', async () => {
    const failed: string[] = []
    const signed = posts.filter(({ request }) => isSignedHttp(request))
    for (const { name, request } of signed) {
      const wire = httpToWire(request)
      const message = decodeHttpsig(wire)
      const { body = new Uint8Array() } = encodeHttpsig(message, { bundle: true })
      assert.deepEqual(Buffer.from(body), wire.body, name)
      if ((await failing(message)).length > 0) failed.push(name)
    }
    assert.equal(signed.length, 31)
    assert.deepEqual(failed, ['D3-tampered'])
  })

  test('38 signed replies hold, but for one that the node altered after it was signed', async () => {
    const failed: string[] = []
    const signed = posts.filter(({ response }) => isSignedHttp(response))
    for (const { name, response } of signed) {
      if ((await failing(decodeHttpsig(httpToWire(response)))).length > 0) failed.push(name)
    }
    assert.equal(signed.length, 38)
    assert.deepEqual(failed, ['E3-location-foreign'])
  })
})

describe('traffic of aoconnect, wao and two generations of HyperBEAM', () => {
  const messages = readSignedTraffic()

  test('every signed request and reply holds', async () => {
    const counts = new Map<string, number>()
    for (const { from, message } of messages) {
      assert.deepEqual(await failing(message), [], from)
      counts.set(from, (counts.get(from) ?? 0) + 1)
    }
    assert.deepEqual(Object.fromEntries(counts), {
      'aoconnect-0.0.85': 5,
      'aoconnect-0.0.98': 10,
      'wao-0.35.7': 25,
      'wao-git-0.37.8': 25,
      'node main': 71,
      'node nov25': 42,
    })
  })

  test('ten messages that wao nests are signed under their true ids', async () => {
    let count = 0
    for (const { from, message } of messages) {
      const body = message.get('body')
      if (from.startsWith('node') || !(body instanceof Message) || body.commitments.size === 0)
        continue
      assert.deepEqual(await failing(body), [])
      const [signature] = [...body.commitments.values()].filter(isSigned)
      assert.equal(signature?.id, messageId(body))
      count++
    }
    assert.equal(count, 10)
  })

  test('a foreign signature still holds after a key it does not cover is added, not after another change', async () => {
    for (const { from, message } of messages.filter(({ from }) => !from.startsWith('node'))) {
      assert.deepEqual(await failing(message.with([['x-uncovered', '1']])), [], from)
      const [signature] = [...message.commitments.values()].filter(isSigned)
      const key = signature?.committed.find((name) => message.has(name))
      assert.ok(key !== undefined)
      assert.equal((await failing(message.with([[key, 'changed']]))).length, 1, from)
      assert.equal((await failing(message.without(key))).length, 1, from)
    }
  })

  test('a message of another signer gets the unsigned id of what is covered', () => {
    for (const { message } of messages.filter(({ from }) => !from.startsWith('node'))) {
      const keys = [...message.commitments.values()].filter(isSigned)[0]?.committed ?? []
      const covered = message.without(...[...message.keys()].filter((key) => !keys.includes(key)))
      assert.equal(messageId(message, 'none'), unsignedId(covered))
    }
  })
})

function readSignedTraffic(): { from: string; message: Message }[] {
  const messages: { from: string; message: Message }[] = []
  for (const { node, capture } of readCaptures()) {
    for (const exchange of capture.requests as readonly Record<string, unknown>[]) {
      const request = capturedWire(exchange)
      const reply = capturedWire(exchange.response as Record<string, unknown> | null)
      if (request) messages.push({ from: String(capture.client), message: decodeHttpsig(request) })
      if (reply) messages.push({ from: `node ${node}`, message: decodeHttpsig(reply) })
    }
  }
  return messages
}
