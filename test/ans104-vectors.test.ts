/** ans104@1.0 against what a HyperBEAM node made of 120 messages, and what clients sent to nodes. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { type Binary, equalBinary } from '../src/base/bytes.ts'
import { isAoError } from '../src/base/errors.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { commitAns104 } from '../src/codec/ans104/commit.ts'
import { createItem, type DataItem, decodeItem } from '../src/codec/ans104/data-item.ts'
import { signedItemId, unsignedItemId, verifyItem } from '../src/codec/ans104/item-signature.ts'
import { itemToMessage } from '../src/codec/ans104/item-to-message.ts'
import { messageToItem } from '../src/codec/ans104/message-to-item.ts'
import { decodeHttpsig, encodeHttpsig, type HttpsigWire } from '../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { encodeBase64url } from '../src/crypto/base64url.ts'
import { walletFromJwk } from '../src/crypto/local-wallet.ts'
import { committedKeys, withOnlyCommitted } from '../src/message/committed.ts'
import { messageId, unsignedId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped, parseTyped } from '../src/message/typed-notation.ts'
import { isList, Link, type Value } from '../src/message/value.ts'
import { readCaptures, readMessageVectors, readVectorFile } from './vectors.ts'

interface ItemVector {
  readonly error?: string
  readonly item_b64url: string
  readonly tags: readonly (readonly [name: string, value: string])[]
  readonly target_b64url: string
  readonly anchor_b64url: string
  readonly tx_id: string
  readonly tx_unsigned_id: string
  readonly msg: unknown
  readonly committed: unknown
  readonly id_all: string
  readonly id_none: string
  readonly verify_item: boolean
  readonly verify_all: boolean
  readonly httpsig_bundle: {
    readonly headers: Record<string, string>
    readonly body_b64: string | null
  }
}

interface Case {
  readonly name: string
  readonly message: Message
  readonly bundle: boolean
  readonly vector: ItemVector
}

const wallet = walletFromJwk(readVectorFile('wallet'))

function readCases(field: string, bundle: boolean): Case[] {
  return readMessageVectors().map(({ name, vector }) => {
    const message = parseTyped(vector.msg)
    assert.ok(message instanceof Message)
    return { name, message, bundle, vector: vector[field] as ItemVector }
  })
}

const cases = [...readCases('commit_ans104', false), ...readCases('commit_ans104_bundle', true)]
const recorded = cases.filter(({ vector }) => vector.error === undefined)
const failed = cases.filter(({ vector }) => vector.error !== undefined)

/**
 * Their data key is `body` and its value is empty, so the message that comes back has no `body`, and
 * HyperBEAM writes it without the tag that was signed: it calls its own item invalid.
 */
const LOST_DATA_KEY = new Set(['random-052', 'random-074', 'random-074 bundle'])

function title({ name, bundle }: Case): string {
  return bundle ? `${name} bundle` : name
}

function itemOf({ vector }: Case): DataItem {
  return decodeItem(Buffer.from(vector.item_b64url, 'base64url'))
}

/** The message as it is when only its fields have travelled. */
function withoutWire(message: Message): Message {
  const commitments = [...message.commitments].map(([id, { wire: _, ...commitment }]) => {
    return [id, commitment] as const
  })
  return message.withCommitments(new Map(commitments))
}

function recordedWire({ httpsig_bundle: { headers, body_b64 } }: ItemVector): HttpsigWire {
  const pairs = Object.entries(headers).map(
    ([name, value]) => [name, parseRecorded(value)] as const,
  )
  return { headers: pairs, ...(body_b64 === null ? {} : { body: Buffer.from(body_b64, 'base64') }) }
}

function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    assert.ok(isAoError(error))
    return undefined
  }
}

/**
 * What the commitment covers, commitments of nested messages aside: a bundle all that is inside,
 * else only ids, and an id does not cover a `content-type` beside parts.
 */
function coveredBy({ bundle }: Case, message: Message): unknown {
  const content = bareValue(withOnlyCommitted(message))
  return bundle || !(content instanceof Message) ? formatTyped(content) : unsignedId(content)
}

function bareValue(value: Value): Value {
  if (value instanceof Message) {
    return new Message([...value].map(([key, nested]) => [key, bareValue(nested)]))
  }
  return isList(value) ? value.map(bareValue) : value
}

/** Bytes that are no text were recorded in base64 behind a mark. */
function parseRecorded(value: string): Binary {
  return value.startsWith('b64:') ? Buffer.from(value.slice(4), 'base64') : value
}

/** The message with its links loaded, as from the store that kept what was signed. */
function withLoaded(decoded: Message, signed: Message): Message {
  const loaded: [string, Value][] = []
  for (const [key, value] of signed) {
    if (decoded.get(key.toLowerCase()) instanceof Link) loaded.push([key.toLowerCase(), value])
  }
  return decoded.with(loaded)
}

describe('ans104@1.0 and the items of a HyperBEAM node', () => {
  let unchanged = 0

  it('has as many of them as its specification counted', () => {
    assert.equal(recorded.filter(({ bundle }) => !bundle).length, 117)
    assert.equal(recorded.filter(({ bundle }) => bundle).length, 105)
    assert.equal(failed.length, 18)
  })

  for (const test of recorded) {
    const { vector, message, bundle } = test
    it(`${title(test)}: reads the item`, async () => {
      const item = itemOf(test)
      assert.deepEqual(
        item.tags.map(({ name, value }) => [name, value]),
        vector.tags.map(([name, value]) => [name, parseRecorded(value)]),
      )
      assert.equal(encodeBase64url(item.target ?? new Uint8Array()), vector.target_b64url)
      assert.equal(encodeBase64url(item.anchor ?? new Uint8Array()), vector.anchor_b64url)
      assert.equal(signedItemId(item), vector.tx_id)
      assert.equal(unsignedItemId(item), vector.tx_unsigned_id)
      assert.equal(await verifyItem(item), vector.verify_item)
      assert.equal(vector.verify_item, !LOST_DATA_KEY.has(title(test)))
    })

    it(`${title(test)}: gives the message, its ids and its commitment`, async () => {
      const decoded = itemToMessage(itemOf(test))
      assert.deepEqual(formatTyped(decoded), vector.msg)
      const committed = committedKeys(decoded, { committers: 'all' })
      assert.deepEqual(formatTyped(committed), vector.committed)
      assert.equal(messageId(decoded), vector.id_all)
      assert.equal(unsignedId(decoded), vector.id_none)
      assert.equal((await verifyMessage(decoded)).valid, vector.verify_all)
    })

    it(`${title(test)}: gives the same bytes again without the received ones`, async () => {
      const decoded = withoutWire(itemToMessage(itemOf(test)))
      assert.ok(equalBinary(encodeAns104(decoded), itemOf(test).bytes))
      assert.equal((await verifyMessage(decoded)).valid, vector.verify_all)
    })

    it(`${title(test)}: makes the same item of the message that was signed`, async () => {
      const { target, anchor, tags, data } = messageToItem(message, { bundle })
      const { type, owner, signature } = itemOf(test)
      const fields = { ...(target ? { target } : {}), ...(anchor ? { anchor } : {}) }
      const made = createItem({ ...fields, tags, data }, { type, owner, signature })
      if (LOST_DATA_KEY.has(title(test))) {
        const lost = tags.filter(({ name }) => name === 'ao-data-key')
        assert.deepEqual(lost, [{ name: 'ao-data-key', value: 'body' }])
        assert.deepEqual(
          tags.filter(({ name }) => name !== 'ao-data-key'),
          itemOf(test).tags,
        )
      } else assert.ok(equalBinary(made.bytes, itemOf(test).bytes))
      // The recorded signature is over what was signed, also where the recorded bytes are not that.
      assert.ok(await verifyItem(made))
    })

    it(`${title(test)}: verifies after a way through httpsig@1.0 that changed nothing`, async () => {
      const loaded = withLoaded(itemToMessage(itemOf(test)), message)
      for (const wire of [
        recordedWire(vector),
        attempt(() => encodeHttpsig(loaded, { bundle: true })),
      ]) {
        const received = wire && attempt(() => decodeHttpsig(wire))
        if (received === undefined) continue
        assert.equal(messageId(received), vector.id_all)
        const isSame = isDeepStrictEqual(coveredBy(test, received), coveredBy(test, loaded))
        assert.equal((await verifyMessage(received)).valid, isSame && vector.verify_all)
        if (isSame) unchanged++
      }
    })
  }

  it('has few messages that httpsig@1.0 changes: those with a content-type of their own', () => {
    assert.ok(unchanged > 380, `${unchanged}`)
  })
})

describe('ans104@1.0 where the node failed', () => {
  for (const test of failed) {
    const { message, bundle } = test
    const error = test.vector.error ?? ''
    if (error.startsWith('throw:{invalid_field,tag_value,{<<"target">>')) {
      it(`${title(test)}: refuses a target that is a map or list, with a reason`, () => {
        assert.throws(() => messageToItem(message, { bundle }), {
          code: 'unencodable',
          context: { key: 'target' },
        })
      })
      continue
    }
    // The others signed an item that they could not read or write again: unsigned nested messages
    // with capitals in their keys, links beside a value too large for a tag, integers of more than 15
    // digits, and atoms that are no token.
    it(`${title(test)}: signs an item that reads, writes and verifies`, async () => {
      const committed = await commitAns104(message, wallet, { bundle })
      assert.ok((await verifyMessage(committed)).valid)
      const again = withoutWire(committed)
      assert.ok(equalBinary(encodeAns104(again), encodeAns104(committed)))
      assert.ok((await verifyMessage(again)).valid)
    })
  }
})

interface Request {
  readonly headers: readonly (readonly [string, string])[]
  readonly bodyBase64?: string
  readonly body?: { readonly base64?: string }
}

/** The items in requests of clients, by name. */
function clientItems(): Map<string, Buffer> {
  const posts = (readVectorFile('http/posts') as { posts: { name: string; request: Request }[] })
    .posts
  const requests = posts.map(({ name, request }) => ({ name, request }))
  for (const { node, name, capture } of readCaptures()) {
    for (const [index, request] of (capture.requests as Request[]).entries()) {
      requests.push({ name: `${node} ${name} ${index}`, request })
    }
  }
  const items = new Map<string, Buffer>()
  for (const { name, request } of requests) {
    const type = request.headers.find(([header]) => header.toLowerCase() === 'content-type')?.[1]
    const body = request.bodyBase64 ?? request.body?.base64
    if (type === 'application/ans104' && body) items.set(name, Buffer.from(body, 'base64'))
  }
  return items
}

describe('ans104@1.0 and the items of clients', () => {
  const items = clientItems()

  it('has the 8 that were posted and the 24 that were captured', () => {
    assert.equal(items.size, 8 + 24)
  })

  for (const [name, bytes] of items) {
    it(`${name}: verifies and gives the same bytes again`, async () => {
      const item = decodeItem(bytes)
      assert.ok(await verifyItem(item))
      const message = itemToMessage(item)
      assert.ok(equalBinary(encodeAns104(withoutWire(message)), bytes))
      for (const received of [message, withoutWire(message)]) {
        assert.deepEqual(await verifyMessage(received), {
          valid: true,
          signers: [encodeBase64url(await sha256(item.owner))],
          failed: [],
        })
      }
      for (const key of message.keys()) {
        const changed = message.with([[key, 'changed']])
        assert.equal((await verifyMessage(changed)).valid, false, key)
        assert.equal((await verifyMessage(withoutWire(changed))).valid, false, key)
      }
    })
  }
})

async function sha256(bytes: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)))
}
