/** One schedule in every form in which a client can ask for it over HTTP: always the same content. */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { verifyMessage } from '../src/codec/verify.ts'
import { encodeBase64url } from '../src/crypto/base64url.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped } from '../src/message/typed-notation.ts'
import { isList, Link, type Value } from '../src/message/value.ts'
import { startNode } from '../src/node/node.ts'
import { commitmentIds, failedCommitments } from './comparable-reply.ts'
import { type ClientReply, createNodeClient } from './node-client.ts'
import { clientWallet, idOf, signHttpsig, signItem, signProcess, walletA } from './node-kit.ts'

const node = await startNode(
  { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
  { wallets: [walletA] },
)
const client = createNodeClient(node.url)
after(async () => {
  client.close()
  await node.stop()
})

const process = await signProcess(node.address)
const processId = idOf(process)
const content = { target: processId, type: 'Message', action: 'Eval', data: 'return 1' }
const typed = { flag: true, count: 7, ratio: 1.5 }
const nesting = { nested: { deep: { x: 1 } }, list: ['a', 2] }
/** What was posted, by slot. */
const posted = [
  process,
  await signHttpsig({ ...content, ...typed, ...nesting }, clientWallet),
  await signItem({ ...content, ...typed }),
]
for (const message of posted) {
  assert.equal((await client.post('/~scheduler@1.0/schedule', message)).status, 200)
}
const path = `/${processId}/schedule`

/** Follows every link in a value, as a client that takes no bundles has to. */
async function follow(value: Value): Promise<Value> {
  if (value instanceof Link) return followLink(value)
  if (isList(value)) return Promise.all(value.map(follow))
  if (!(value instanceof Message)) return value
  const entries: [string, Value][] = []
  for (const [key, nested] of value) entries.push([key, await follow(nested)])
  return new Message(entries, value.commitments)
}

async function followLink({ id }: Link): Promise<Value> {
  const reply = await client.get(`/${id}`, { 'accept-bundle': 'false' })
  assert.equal(reply.status, 200, `${id}: ${reply.text}`)
  const loaded = withoutReplyKeys(reply.message(), id)
  const followed = await follow(loaded)
  // A list is answered as a message that is numbered from 1.
  if (isNumbered(loaded)) return numberedItems(followed)
  assert.equal(idOf(loaded), id)
  return followed
}

function isNumbered(value: Message): boolean {
  return value.size > 0 && [...value.keys()].every((key, index) => key === String(index + 1))
}

function numberedItems(value: Value): Value {
  return value instanceof Message ? [...value].map(([, item]) => item) : value
}

/**
 * The message of an id, without what the reply added: its status, CORS, and the commitments of the
 * node to a message that nobody had signed.
 */
function withoutReplyKeys(reply: Message, id: string): Message {
  const isOfReply = (key: string) => key === 'status' || key.startsWith('access-control')
  const entries = [...reply].filter(([key]) => !isOfReply(key))
  return idOf(reply) === id ? new Message(entries, reply.commitments) : new Message(entries)
}

function assignmentAt(page: Message, slot: number): Message {
  const assignment = nested(nested(page, 'assignments'), String(slot))
  assert.equal(assignment.get('slot'), slot)
  return assignment
}

function nested(message: Message, key: string): Message {
  const value = message.get(key)
  assert.ok(value instanceof Message, key)
  return value
}

/** The page holds what was posted, under its own signatures and those of the scheduler. */
async function assertPage(page: Message): Promise<void> {
  assert.equal(page.get('type'), 'schedule')
  assert.equal(page.get('process'), processId)
  for (const [slot, message] of posted.entries()) {
    const assignment = assignmentAt(page, slot)
    assert.deepEqual((await verifyMessage(assignment)).signers, [node.address])
    const body = nested(assignment, 'body')
    assert.equal(idOf(body), idOf(message))
    assert.deepEqual((await verifyMessage(body)).signers, [clientWallet.address])
    assert.deepEqual(shown(body), shown(message))
  }
}

function shown(message: Message): unknown {
  const entries = [...message].toSorted(([a], [b]) => (a < b ? -1 : 1))
  return formatTyped(new Message(entries.map(([key, value]) => [key, bare(value)] as const)))
}

/** Without commitments: nested messages get unsigned ones on the way. */
function bare(value: Value): Value {
  if (isList(value)) return value.map(bare)
  if (!(value instanceof Message)) return value
  return new Message([...value].map(([key, item]) => [key, bare(item)] as const))
}

describe('a page as httpsig', () => {
  test('as a bundle holds everything', async () => {
    const page = (await client.get(path)).message()
    await assertPage(page)
    assert.deepEqual(await failedCommitments(page), [])
    assert.deepEqual((await verifyMessage(page)).signers, [node.address])
  })

  test('without a bundle links to what can be read by id', async () => {
    const reply = await client.get(path, { 'accept-bundle': 'false' })
    const page = reply.message()
    assert.equal(reply.text, '')
    assert.ok(page.get('assignments') instanceof Link)
    assert.equal(reply.headers.get('assignments+link')?.length, 43)
    const followed = await follow(page)
    assert.ok(followed instanceof Message)
    await assertPage(followed)
  })

  test('that is empty holds an empty message', async () => {
    const page = (await client.get(`${path}?from=9`)).message()
    assert.equal(nested(page, 'assignments').size, 0)
  })

  test('has each slot, and each key in it, under a path of its own', async () => {
    const assignment = (await client.get(`${path}/assignments/1`)).message()
    assert.equal(assignment.get('slot'), 1)
    assert.deepEqual((await verifyMessage(assignment)).signers, [node.address])
    assert.equal((await client.get(`${path}/assignments/1/body/data`)).text, 'return 1')
    assert.equal((await client.get(`${path}/assignments/1/body/nested/deep/x`)).text, '1')
    assert.equal((await client.get(`${path}/assignments/9`)).status, 404)
  })
})

describe('a page as JSON', () => {
  const forms: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
    ['', { accept: 'application/json' }],
    ['?require-codec=application/json', {}],
    ['?require-codec=json@1.0', {}],
  ]
  for (const [query, headers] of forms) {
    test(`by ${query || 'accept'}`, async () => {
      const reply = await client.get(path + query, headers)
      assert.equal(reply.headers.get('content-type'), 'application/json')
      await assertPage(reply.message())
      const json = JSON.parse(reply.text) as Record<string, unknown>
      assert.equal(json['block-height'], 0)
      assert.equal(json.continues, 'false')
      assert.equal(json['ao-types'], 'continues="atom"')
      assert.ok(typeof json.commitments === 'object')
    })
  }

  test('without a bundle links to what can be read by id', async () => {
    const headers = { accept: 'application/json', 'accept-bundle': 'false' }
    const reply = await client.get(path, headers)
    const json = JSON.parse(reply.text) as Record<string, unknown>
    assert.ok(!('assignments' in json))
    assert.equal(String(json['assignments+link']).length, 43)
    const followed = await follow(reply.message())
    assert.ok(followed instanceof Message)
    await assertPage(followed)
  })
})

describe('a page as a data item', () => {
  test('is signed by the node', async () => {
    for (const query of ['', '?require-codec=ans104@1.0']) {
      const headers = { accept: query === '' ? 'application/ans104' : '*/*' }
      const reply = await client.get(path + query, { ...headers, 'accept-bundle': 'false' })
      assert.equal(reply.headers.get('content-type'), 'application/ans104')
      const page = reply.message()
      assert.deepEqual((await verifyMessage(page)).signers, [node.address])
      const followed = await follow(page)
      assert.ok(followed instanceof Message)
      await assertPage(followed)
    }
  })
})

interface Aos2Page {
  readonly page_info: Readonly<Record<string, unknown>>
  readonly edges: readonly {
    readonly cursor: number
    readonly node: Readonly<Record<'assignment' | 'message', Aos2Message>>
  }[]
}

interface Aos2Message extends Readonly<Record<string, unknown>> {
  readonly Tags: readonly { readonly name: string; readonly value: string }[]
}

describe('a page as application/aos-2', () => {
  const aos2 = (reply: ClientReply): Aos2Page => {
    assert.equal(reply.status, 200, reply.text)
    assert.equal(reply.headers.get('content-type'), 'application/json')
    return JSON.parse(reply.text) as Aos2Page
  }

  test('is the same by header and by query, which wins over the header', async () => {
    const byHeader = aos2(await client.get(path, { accept: 'application/aos-2' }))
    for (const accept of ['*/*', 'application/json', 'application/ans104']) {
      for (const written of ['application/aos-2', 'application%2Faos-2']) {
        const reply = await client.get(`${path}?accept=${written}`, { accept })
        assert.deepEqual(aos2(reply), byHeader, accept)
      }
    }
    const asJson = await client.get(`${path}?accept=application/json`, {
      accept: 'application/aos-2',
    })
    await assertPage(asJson.message())
  })

  test('has an edge for each slot, and says whether more follows', async () => {
    const page = aos2(await client.get(`${path}?from=1`, { accept: 'application/aos-2' }))
    assert.deepEqual(page.page_info, {
      process: processId,
      has_next_page: false,
      timestamp: '0',
      'block-height': '0',
      'block-hash': 'A'.repeat(43),
    })
    assert.deepEqual(
      page.edges.map(({ cursor }) => cursor),
      [1, 2],
    )
    const empty = aos2(await client.get(`${path}?from=9`, { accept: 'application/aos-2' }))
    assert.deepEqual(empty.edges, [])
  })

  test('shows messages under their own signatures', async () => {
    const page = aos2(await client.get(path, { accept: 'application/aos-2' }))
    const [, httpsig, item] = page.edges.map((edge) => edge.node.message)
    for (const [message, source] of [
      [httpsig, posted[1]],
      [item, posted[2]],
    ] as const) {
      assert.ok(message !== undefined && source !== undefined)
      assert.equal(message.Id, idOf(source))
      assert.equal(message.Owner, clientWallet.address)
      assert.equal(message.From, clientWallet.address)
      assert.equal(message.Target, processId)
      assert.equal(message.Data, 'return 1')
      assert.equal(message.Anchor, '')
      assert.ok(commitmentIds(source).includes(String(message.Id)))
      assert.equal(tagOf(message, 'Action'), 'Eval')
      assert.match(String(tagOf(message, 'Ao-Types')), /count="integer"/)
      assert.equal(tagOf(message, 'Count'), '7')
    }
    assert.equal(httpsig && tagOf(httpsig, 'Nested+link')?.length, 43)
    const key = clientWallet.publicKey
    assert.equal(httpsig?.PublicKey, Buffer.from(key).toString('base64'))
    assert.equal(item?.PublicKey, encodeBase64url(key))
  })

  test('shows assignments with the signature of the scheduler', async () => {
    const page = aos2(await client.get(path, { accept: 'application/aos-2' }))
    const bundle = (await client.get(path)).message()
    for (const [slot, edge] of page.edges.entries()) {
      const { assignment } = edge.node
      assert.equal(assignment.Id, idOf(assignmentAt(bundle, slot)))
      assert.equal(assignment.Owner, node.address)
      assert.ok(String(assignment.Signature).length > 80)
      assert.equal(tagOf(assignment, 'Slot'), String(slot))
      assert.equal(tagOf(assignment, 'Process'), processId)
      assert.equal(tagOf(assignment, 'Body'), undefined)
      assert.equal(tagOf(assignment, 'Body+link'), undefined)
    }
  })
})

function tagOf({ Tags }: Aos2Message, name: string): string | undefined {
  return Tags.find((tag) => tag.name === name)?.value
}
