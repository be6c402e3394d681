/**
 * The message cache against what a real node's cache did with the golden messages: the id that a
 * write gives, the message that a read gives, and what its lazy links lead to.
 */
import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import fc from 'fast-check'
import { isAoError } from '../src/base/errors.ts'
import { createMessageCache, isMissingLink, type MessageCache } from '../src/cache/cache.ts'
import { encodeRecord } from '../src/cache/record.ts'
import { commitMessage } from '../src/codec/commit.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { encodeBase64url } from '../src/crypto/base64url.ts'
import { sha256 } from '../src/crypto/hash.ts'
import { signersOf } from '../src/message/commitment.ts'
import { createMessage } from '../src/message/create-message.ts'
import { messageId, unsignedId } from '../src/message/id.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped, parseTyped } from '../src/message/typed-notation.ts'
import { isList, Link, type Value } from '../src/message/value.ts'
import { createMemoryStore } from '../src/store/memory-store.ts'
import type { Store } from '../src/store/store.ts'
import { anyMessage, assertSameValue } from './arbitrary-message.ts'
import { idOf, signHttpsig, signItem, walletA, walletB } from './node-kit.ts'
import { type NamedVector, readMessageVectors } from './vectors.ts'

interface Bench {
  readonly store: Store
  readonly cache: MessageCache
}

function open(): Bench {
  const store = createMemoryStore()
  return { store, cache: createMessageCache(store) }
}

async function read(cache: MessageCache, id: string): Promise<Message> {
  return (await cache.read(id)) ?? assert.fail(`${id} is not there`)
}

async function readWhole(cache: MessageCache, id: string): Promise<Message> {
  return cache.loadAll(await read(cache, id))
}

function requireMessage(json: unknown): Message {
  const value = parseTyped(json)
  assert.ok(value instanceof Message)
  return value
}

interface CacheVector {
  readonly write_result: string
  readonly read_back: unknown
  readonly read_back_lazy: unknown
  readonly error?: string
}

const vectors = readMessageVectors()

const REFERENCE_FAILS: Readonly<Record<string, string>> = {
  '46-huge-int': 'an integer of more than 15 digits cannot be read',
  '47-atom-with-space': 'an atom with a blank cannot be read',
}
/** The path to its value is longer than a name of a file may be: the key is lost without a word. */
const REFERENCE_LOSES = ['39-long-key']

describe('the golden messages', () => {
  each('a write gives the recorded id, and a read the recorded message', async (vector, cached) => {
    const { cache } = open()
    assert.equal(await cache.write(requireMessage(vector.msg)), cached.write_result)
    const whole = await readWhole(cache, cached.write_result)
    assert.deepEqual(formatTyped(whole), cached.read_back)
  })

  each(
    'each lazy link of the recorded read leads to the recorded value',
    async (vector, cached) => {
      const { cache } = open()
      await cache.write(requireMessage(vector.msg))
      const recorded = requireMessage(cached.read_back)
      const links = requireMessage(cached.read_back_lazy)
      assert.deepEqual([...links.keys()].toSorted(), [...recorded.keys()].toSorted())
      for (const [key, link] of links) {
        assert.ok(link instanceof Link && link.lazy)
        const loaded = await cache.loadAll(new Message([['value', link]]))
        const expected = recorded.get(key)
        assertSameValue(loaded.get('value') ?? '', expected ?? assert.fail(key))
      }
    },
  )

  test('what the reference cannot read or loses is kept here', async () => {
    for (const name of [...Object.keys(REFERENCE_FAILS), ...REFERENCE_LOSES]) {
      const { vector } = vectors.find((each) => each.name === name) ?? assert.fail(name)
      const { cache } = open()
      const message = requireMessage(vector.msg)
      const id = await cache.write(message)
      assert.equal(id, vector.id_uncommitted)
      assertSameValue((await readWhole(cache, id)).withCommitments(new Map()), message)
    }
  })

  for (const field of ['commit_httpsig', 'commit_httpsig_bundle', 'commit_ans104'] as const) {
    test(`are found by each of their ids once signed, ${field}`, async () => {
      for (const { name, vector } of vectors) {
        const committed = vector[field] as { msg?: unknown; id_all: string; id_none: string }
        if (committed?.msg === undefined) continue
        await assertFound(requireMessage(committed.msg), name)
      }
    })
  }

  async function assertFound(message: Message, name: string): Promise<void> {
    const { cache } = open()
    const unsigned = await cache.write(message)
    const all = messageId(message, 'all')
    const signed = await read(cache, all)
    assert.deepEqual(signersOf(signed), signersOf(message), name)
    assert.equal(messageId(signed, 'all'), all, name)
    assert.equal(await cache.canonicalId(unsigned), all, name)
    assert.deepEqual(signersOf(await read(cache, unsigned)), [], name)
    for (const { id, committer } of message.commitments.values()) {
      // An hmac over another form of the message is made anew when it is stored.
      if (committer === undefined) continue
      assert.deepEqual(signersOf(await read(cache, id)), [committer], name)
    }
  }
})

/** Runs a check on each vector whose cache is as it should be, and names those that fail. */
function each(
  title: string,
  check: (vector: NamedVector['vector'], cached: CacheVector) => Promise<void>,
): void {
  test(title, async () => {
    for (const { name, vector } of vectors) {
      const cached = vector.cache as CacheVector
      assert.equal(cached.error !== undefined, name in REFERENCE_FAILS, name)
      if (cached.error !== undefined || REFERENCE_LOSES.includes(name)) continue
      await check(vector, cached).catch((cause: unknown) => {
        throw new Error(`Vector ${name} differs`, { cause })
      })
    }
  })
}

describe('any message', () => {
  test('is read as it was written, under its unsigned id', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, async (message) => {
        const { cache } = open()
        const id = await cache.write(message)
        assert.equal(id, unsignedId(message))
        const whole = await readWhole(cache, id)
        assertSameValue(withoutCommitments(whole), withoutCommitments(message))
      }),
      { numRuns: 60 },
    )
  })
})

/** At every level: what is nested gets an hmac of its own when it is stored. */
function withoutCommitments(value: Value): Value {
  if (isList(value)) return value.map(withoutCommitments)
  if (!(value instanceof Message)) return value
  return new Message([...value].map(([key, nested]) => [key, withoutCommitments(nested)] as const))
}

describe('paths', () => {
  const message = createMessage({
    key: 'value',
    sub: { deep: { flag: true } },
    list: ['one', ['two', { three: 3 }]],
  })

  test('lead through keys, links and lists to values', async () => {
    const { cache } = open()
    const id = await cache.write(message)
    assert.equal(await cache.readPath(`${id}/key`), 'value')
    assertSameValue((await cache.readPath(`${id}/sub/deep/flag`)) ?? '', parseTyped(TRUE))
    assert.equal(await cache.readPath(`${id}/list/1`), 'one')
    assert.equal(await cache.readPath(`${id}/list/2/1`), 'two')
    assert.equal(await cache.readPath(`${id}/list/2/2/three`), 3)
    const sub = await cache.readPath(`${id}/sub`)
    assert.ok(sub instanceof Message)
    assert.equal(await cache.readPath(`${id}/sub+link`), unsignedId(sub))
    for (const path of ['nokey', 'key/deeper', 'list/3', 'list/0', 'list/x', 'sub/nokey/x']) {
      assert.equal(await cache.readPath(`${id}/${path}`), undefined, path)
    }
    for (const path of ['', '/', 'short', '../data', `${'A'.repeat(43)}/key`, 'messages']) {
      assert.equal(await cache.readPath(path), undefined, path)
    }
  })

  const TRUE = { t: 'atom', v: 'true' }

  test('lists, and messages in lists, are found by ids of their own', async () => {
    const { cache } = open()
    await cache.write(message)
    const list = message.get('list')
    assert.ok(isList(list))
    const [, inner] = list
    assert.ok(isList(inner))
    assert.equal(await cache.canonicalId(unsignedId(inner)), unsignedId(inner))
    const found = await readWhole(cache, unsignedId(list))
    assert.equal(found.get('1'), 'one')
    assert.ok(isList(found.get('2')))
  })
})

describe('large values', () => {
  const bytes = Buffer.alloc(100_000, 'large ')
  const hash = encodeBase64url(sha256(bytes))

  test('lie once under their hash, however many messages have them', async () => {
    const { cache, store } = open()
    const ids = [
      await cache.write(createMessage({ n: 1, data: bytes })),
      await cache.write(createMessage({ n: 2, nested: { data: bytes } })),
      await cache.write(await signItem({ data: bytes })),
    ]
    assert.ok((await store.list('data')).includes(hash))
    assert.ok(bytes.equals(Buffer.from((await cache.readPath(`data/${hash}`)) as Uint8Array)))
    for (const [index, path] of ['data', 'nested/data', 'data'].entries()) {
      const value = await cache.readPath(`${ids[index]}/${path}`)
      assert.ok(bytes.equals(Buffer.from(value as Uint8Array)))
    }
  })

  test('that are gone are a failure of the store, not an empty value', async () => {
    const { cache, store } = open()
    const id = await cache.write(createMessage({ data: bytes }))
    await store.commit([{ kind: 'delete', path: `data/${hash}` }])
    await assert.rejects(cache.read(id), (error) => isAoError(error, 'store-failed'))
  })
})

describe('signatures', () => {
  let item: Message
  let http: Message
  before(async () => {
    item = await signItem({ data: 'an item', 'Upper-Case': 'Kept' })
    http = await signHttpsig({ flag: true, body: 'text' })
  })

  test('of nested messages and items in lists are kept, and still hold', async () => {
    const { cache } = open()
    const id = await cache.write(
      new Message<Value>([
        ['child', item],
        ['list', [http, 'text']],
      ]),
    )
    const whole = await readWhole(cache, id)
    const list = whole.get('list')
    assert.ok(isList(list))
    for (const [found, written] of [
      [whole.get('child'), item],
      [list[0], http],
    ]) {
      assert.ok(found instanceof Message && written instanceof Message)
      const { valid, signers } = await verifyMessage(found)
      assert.ok(valid)
      assert.deepEqual(signers, signersOf(written))
    }
    assert.deepEqual(signersOf(await read(cache, idOf(item))), signersOf(item))
  })

  test('of two signers are found together and each alone', async () => {
    const { cache } = open()
    const both = await commitMessage(http, walletA, { device: 'httpsig@1.0' })
    await cache.write(both)
    const signers = [walletA.address, walletB.address].toSorted()
    assert.deepEqual(signersOf(await read(cache, idOf(both))).toSorted(), signers)
    for (const { id, committer } of both.commitments.values()) {
      if (committer === undefined) continue
      const alone = await read(cache, id)
      assert.deepEqual(signersOf(alone), [committer])
      assert.ok((await verifyMessage(alone)).valid)
    }
  })

  test('keys that nothing covers are not kept', async () => {
    const { cache } = open()
    const id = await cache.write(http.with([['added', 'later']]))
    assert.equal((await read(cache, id)).has('added'), false)
  })
})

describe('links', () => {
  const ID = (letter: string): string => letter.repeat(43)
  const put = (store: Store, id: string, message: Message): Promise<void> =>
    store.commit([{ kind: 'value', path: `messages/${id}`, value: encodeRecord(message).bytes }])

  test('to a message that is not there are told from failures', async () => {
    const { cache } = open()
    const id = await cache.write(new Message<Value>([['gone', new Link(ID('G'))]]))
    await assert.rejects(readWhole(cache, id), isMissingLink)
    await assert.rejects(cache.readPath(`${id}/gone`), isMissingLink)
  })

  test('that lead back to where they are do not load for ever', async () => {
    const { cache, store } = open()
    await put(store, ID('L'), new Message<Value>([['self', new Link(ID('L'))]]))
    await assert.rejects(readWhole(cache, ID('L')), (error) => isAoError(error, 'limit-exceeded'))
    const there = await cache.readPath(`${ID('L')}/self/self/self`)
    assert.ok(there instanceof Message)
    const lazy = new Link(`${ID('L')}/self`, { lazy: true })
    const whole = cache.loadAll(new Message<Value>([['lazy', lazy]]))
    await assert.rejects(whole, (error) => isAoError(error, 'limit-exceeded'))
  })

  test('of names that lead to each other lead to no message', async () => {
    const { cache, store } = open()
    await store.commit([
      { kind: 'link', path: `messages/${ID('A')}`, target: `messages/${ID('B')}` },
      { kind: 'link', path: `messages/${ID('B')}`, target: `messages/${ID('A')}` },
    ])
    assert.equal(await cache.read(ID('A')), undefined)
    const circle = (error: unknown) => isAoError(error, 'infinite-recursion')
    await assert.rejects(cache.canonicalId(ID('B')), circle, 'the store is damaged')
  })

  test('that make a huge message of a small one are refused', async () => {
    const { cache, store } = open()
    const fan = (to: string): Message =>
      new Message<Value>(Array.from({ length: 101 }, (_, n) => [`k${n}`, new Link(to)]))
    await put(store, ID('X'), createMessage({ end: 'here' }))
    await put(store, ID('Y'), fan(ID('X')))
    await put(store, ID('Z'), fan(ID('Y')))
    assert.equal((await readWhole(cache, ID('Y'))).size, 101)
    await assert.rejects(readWhole(cache, ID('Z')), (error) => isAoError(error, 'limit-exceeded'))
  })

  test('of messages nested too deeply are not written', async () => {
    const { cache } = open()
    let deep = createMessage({ end: 'here' })
    for (let level = 0; level < 70; level++) deep = new Message<Value>([['down', deep]])
    await assert.rejects(cache.write(deep), (error) => isAoError(error, 'limit-exceeded'))
  })
})
