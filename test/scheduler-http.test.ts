/**
 * What the scheduler answers over HTTP: the statuses of its refusals, the keys of its replies and
 * the bounds of its pages.
 */
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { toBytes } from '../src/base/bytes.ts'
import { encodeAns104 } from '../src/codec/ans104/ans104.ts'
import { encodeHttpsig } from '../src/codec/httpsig/httpsig.ts'
import { verifyMessage } from '../src/codec/verify.ts'
import { createMessage } from '../src/message/create-message.ts'
import { Message } from '../src/message/message.ts'
import { formatTyped } from '../src/message/typed-notation.ts'
import { Atom, type Link, type Value } from '../src/message/value.ts'
import { type RunningNode, startNode } from '../src/node/node.ts'
import {
  type ClientReply,
  type ClientRequest,
  createNodeClient,
  type NodeClient,
} from './node-client.ts'
import { idOf, signHttpsig, signItem, signMessage, signProcess, walletA } from './node-kit.ts'

const UNKNOWN = 'U'.repeat(43)
const SLOTS = 6

const node = await startNode(
  { host: '127.0.0.1', port: 0, storeEngine: 'memory' },
  { wallets: [walletA] },
)
const client = createNodeClient(node.url)
after(() => stop(node, client))

const processId = await spawn(client, node.address)
for (let slot = 1; slot < SLOTS; slot++) {
  const keys = { target: processId, type: 'Message', action: `Step${slot}`, data: `data ${slot}` }
  // Every other one as a data item.
  const message = await (slot % 2 === 0 ? signItem(keys) : signHttpsig(keys))
  assert.equal((await client.post('/~scheduler@1.0/schedule', message)).status, 200)
}

async function spawn(client: NodeClient, scheduler: string): Promise<string> {
  const process = await signProcess(scheduler)
  const reply = await client.post('/~scheduler@1.0/schedule', process)
  assert.equal(reply.status, 200, reply.text)
  return idOf(process)
}

async function stop(node: RunningNode, client: NodeClient): Promise<void> {
  client.close()
  await node.stop()
}

/** A request as a client sends it that takes links in the reply. */
function wireOf(message: Message): ClientRequest {
  const { headers, body } = encodeHttpsig(message, { bundle: true })
  const named = headers.map(([name, value]) => [name, Buffer.from(toBytes(value)).toString()])
  return { headers: Object.fromEntries(named), ...(body === undefined ? {} : { body }) }
}

async function current(): Promise<string> {
  return (await client.get(`/${processId}/slot/current`)).text
}

for (const mode of ['local_confirmation', 'aggressive'] as const) {
  test(`what the assignment links to is there at once (mode ${mode})`, async () => {
    const options = { host: '127.0.0.1', port: 0, storeEngine: 'memory', mode } as const
    const node = await startNode(options, { wallets: [walletA] })
    const client = createNodeClient(node.url)
    try {
      const target = await spawn(client, node.address)
      const message = await signHttpsig({ target, inner: { deep: { x: '1' } }, list: ['a', 'b'] })
      const { body = '', headers = {} } = wireOf(new Message([['body', message]]))
      const reply = await client.request('POST', '/~scheduler@1.0/schedule', { headers, body })
      assert.equal(reply.status, 200, reply.text)
      const { id } = reply.message().get('body') as Link
      assert.equal(id, idOf(message))
      const found = (await client.get(`/${id}`)).message()
      assert.equal((await verifyMessage(found)).valid, true)
      assert.equal((await client.get(`/${id}/inner/deep/x`)).text, '1')
    } finally {
      await stop(node, client)
    }
  })
}

describe('POST schedule is refused', () => {
  const path = '/~scheduler@1.0/schedule'
  const refusals: readonly (readonly [string, () => Promise<ClientReply>, number, RegExp])[] = [
    [
      'without a signature',
      async () => client.post(path, new Message([['body', createMessage({ target: processId })]])),
      400,
      /^Message is not valid\.$/,
    ],
    [
      'with a signature over something else',
      async () => {
        const signed = await signHttpsig({ target: processId, data: 'a' })
        return client.post(path, new Message([['body', signed.with([['data', 'b']])]]))
      },
      400,
      /^Message is not valid\.$/,
    ],
    [
      'as a data item that was altered',
      async () => {
        const item = encodeAns104(await signItem({ target: processId, data: 'a' }))
        const last = item.length - 1
        item[last] = (item[last] ?? 0) ^ 1
        return rawPost(path, 'application/ans104', item)
      },
      400,
      /signature/i,
    ],
    [
      'as bytes that are no data item',
      () => rawPost(path, 'application/ans104', 'not an item'),
      400,
      /./,
    ],
    ['as text that is no JSON', () => rawPost(path, 'application/json', '{"target":'), 400, /JSON/],
    [
      'for a process that nobody knows',
      async () => client.post(path, await signMessage(UNKNOWN)),
      404,
      new RegExp(`^Process ${UNKNOWN} is not available on this node`),
    ],
    [
      'for a target that is no id',
      async () => client.post(path, await signMessage('short')),
      400,
      /^Expected a process id of 43 base64url characters$/,
    ],
    [
      'as a process without a scheduler',
      async () => client.post(path, await signProcess(undefined)),
      400,
      /^No scheduler information provided\.$/,
    ],
    [
      'as a process of a scheduler that cannot be found',
      async () => client.post(path, await signProcess(UNKNOWN)),
      404,
      /^not_found$/,
    ],
    ['with another method', () => client.request('PUT', path), 405, /^Expected GET or POST/],
    [
      'when a page is asked from no number',
      () => client.get(`/${processId}/schedule?from=x`),
      400,
      /^Expected a whole number as from$/,
    ],
  ]
  for (const [title, ask, status, reason] of refusals) {
    test(title, async () => {
      const before = [await current(), (await client.get('/~scheduler@1.0/status')).text]
      const reply = await ask()
      assert.equal(reply.status, status, reply.text)
      assert.match(reply.text, reason)
      const after = [await current(), (await client.get('/~scheduler@1.0/status')).text]
      assert.deepEqual(after, before, 'nothing is scheduled and no process is new')
    })
  }

  function rawPost(path: string, type: string, body: string | Uint8Array): Promise<ClientReply> {
    return client.request('POST', path, { headers: { 'content-type': type }, body })
  }

  test('with the reason as JSON for those who ask for JSON', async () => {
    const item = encodeAns104(await signMessage(UNKNOWN))
    const headers = { 'content-type': 'application/ans104', accept: 'application/json' }
    const reply = await client.request('POST', path, { headers, body: item })
    assert.equal(reply.status, 404)
    const json = JSON.parse(reply.text) as Record<string, unknown>
    assert.equal(json.status, 404)
    assert.match(String(json.body), /is not available on this node/)
  })

  test('on a node that schedules nothing', async () => {
    const options = { host: '127.0.0.1', port: 0, storeEngine: 'memory', mode: 'disabled' } as const
    const idle = await startNode(options, { wallets: [walletA] })
    const idleClient = createNodeClient(idle.url)
    const reply = await idleClient.post(path, await signProcess(idle.address))
    assert.equal(reply.status, 503)
    await stop(idle, idleClient)
  })
})

test('a scheduler elsewhere is named in a redirect when redirects are not followed', async () => {
  const options = { host: '127.0.0.1', port: 0, storeEngine: 'memory', followRedirects: false }
  const plain = await startNode({ ...options, storeEngine: 'memory' }, { wallets: [walletA] })
  const plainClient = createNodeClient(plain.url)
  const hinted = encodeURIComponent(`${UNKNOWN}?hint=http://127.0.0.1:9`)
  for (const key of ['slot', 'schedule']) {
    const reply = await plainClient.get(`/~scheduler@1.0/${key}?target=${hinted}`)
    assert.equal(reply.status, 307)
    assert.equal(reply.headers.get('location'), 'http://127.0.0.1:9')
    assert.equal(reply.headers.get('variant'), 'ao.N.1')
    assert.equal(reply.text, 'Redirecting to scheduler: http://127.0.0.1:9')
  }
  await stop(plain, plainClient)
})

describe('keys of the device', () => {
  test('slot says where a process stands, and who schedules it', async () => {
    for (const method of ['GET', 'POST', 'PUT']) {
      const headers = { 'accept-bundle': 'true' }
      const reply = await client.request(method, `/${processId}/slot`, { headers })
      const slot = reply.message()
      assert.deepEqual(formatTyped(withoutTransport(slot)), {
        t: 'map',
        v: {
          addresses: { t: 'list', v: [{ t: 'bin', v: node.address }] },
          'block-hash': { t: 'bin', v: 'A'.repeat(43) },
          'block-height': { t: 'int', v: '0' },
          'cache-control': { t: 'bin', v: 'no-store' },
          current: { t: 'int', v: String(SLOTS - 1) },
          process: { t: 'bin', v: processId },
          status: { t: 'int', v: '200' },
          timestamp: { t: 'int', v: '0' },
        },
      })
      assert.deepEqual((await verifyMessage(slot)).signers, [node.address])
    }
  })

  test('slot/current is a bare number that is typed', async () => {
    const reply = await client.get(`/${processId}/slot/current`)
    assert.equal(reply.text, String(SLOTS - 1))
    assert.equal(reply.headers.get('ao-result'), 'body')
    assert.equal(reply.headers.get('ao-types'), 'body="integer", status="integer"')
  })

  test('the slot of a new assignment can be asked for at once', async () => {
    const other = await spawn(client, node.address)
    const reply = await client.post(`/${other}/schedule/slot`, await signMessage(other))
    assert.equal(reply.text, '1')
  })

  test('status lists the processes of this node', async () => {
    const status = (await client.get('/~scheduler@1.0/status')).message()
    assert.equal(status.get('address'), node.address)
    assert.equal(status.get('cache-control'), 'no-store')
    assert.ok((status.get('processes') as readonly Value[]).includes(processId))
  })

  test('next gives the assignment after the slot of a state, as long as there is one', async () => {
    const nextOf = (slot: number) =>
      client.get(`/${processId}/~scheduler@1.0&at-slot+integer=${slot}/next`)
    const assignment = (await nextOf(2)).message().get('body')
    assert.ok(assignment instanceof Message)
    assert.equal(assignment.get('slot'), 3)
    const end = await nextOf(SLOTS - 1)
    assert.equal(end.status, 404)
    assert.equal(end.headers.get('reason'), 'Requested slot not yet available in schedule.')
    assert.equal((await client.get(`/${processId}/~scheduler@1.0/next`)).status, 400)
  })

  test('checkpoint gives the state as it is', async () => {
    const reply = await client.get('/~scheduler@1.0/checkpoint?x=y')
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('x'), 'y')
  })

  test('init is schedule, and what is no key is not found', async () => {
    const page = (await client.get(`/~scheduler@1.0/init?target=${processId}`)).message()
    assert.equal((page.get('assignments') as Message).size, SLOTS)
    for (const key of ['info', 'record', 'foo']) {
      assert.equal((await client.get(`/~scheduler@1.0/${key}`)).status, 404, key)
    }
  })
})

function withoutTransport(message: Message): Message {
  const entries = [...message].filter(([key]) => !key.startsWith('access-control'))
  return new Message(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

describe('bounds of a page', () => {
  const bounds: readonly (readonly [string, readonly number[]])[] = [
    ['', [0, 1, 2, 3, 4, 5]],
    ['?from=2', [2, 3, 4, 5]],
    ['?to=2', [0, 1, 2]],
    ['?from=1&to=3', [1, 2, 3]],
    ['?from+integer=1&to+integer=3', [1, 2, 3]],
    ['?from=3&to=3', [3]],
    ['?from=4&to=1001', [4, 5]],
    ['?from=0&to=1000000', [0, 1, 2, 3, 4, 5]],
    ['?from+integer=-5&to+integer=0', [0]],
    ['?from=-7', [0, 1, 2, 3, 4, 5]],
    ['?to=-1', []],
    ['?from=4&to=2', []],
    ['?from=6', []],
    ['?from=99&to=100', []],
    ['?from=9999999999999999', []],
    ['?from=4&to=99999999999999999999999999', [4, 5]],
    ['?from+integer=4&to+integer=99999999999999999999999999', [4, 5]],
    ['?to=-99999999999999999999999999', []],
  ]
  for (const [query, slots] of bounds) {
    test(`${query || 'none'}: slots ${slots.join()}, and no more`, async () => {
      const page = (await client.get(`/${processId}/schedule${query}`)).message()
      assert.deepEqual(slotsOf(page), slots)
      assert.deepEqual(page.get('continues'), Atom.false)
    })
  }

  test('a page that is cut says that more exists, and the next one starts after it', async () => {
    const options = { host: '127.0.0.1', port: 0, storeEngine: 'memory', pageLimit: 2 } as const
    const small = await startNode(options, { wallets: [walletA] })
    const smallClient = createNodeClient(small.url)
    const id = await spawn(smallClient, small.address)
    for (let slot = 1; slot < 8; slot++) {
      await smallClient.post('/~scheduler@1.0/schedule', await signMessage(id))
    }
    const read: (readonly [number[], unknown])[] = []
    for (const from of [0, 3, 6]) {
      const page = (await smallClient.get(`/${id}/schedule?from=${from}`)).message()
      read.push([slotsOf(page), page.get('continues')])
    }
    assert.deepEqual(read, [
      [[0, 1, 2], Atom.true],
      [[3, 4, 5], Atom.true],
      [[6, 7], Atom.false],
    ])
    await stop(small, smallClient)
  })
})

function assignmentsOf(page: Message): (readonly [string, Message])[] {
  const assignments = page.get('assignments')
  assert.ok(assignments instanceof Message)
  return [...assignments].map(([slot, assignment]) => {
    assert.ok(assignment instanceof Message)
    return [slot, assignment] as const
  })
}

function slotsOf(page: Message): number[] {
  return assignmentsOf(page).map(([key, assignment]) => {
    assert.equal(String(assignment.get('slot')), key)
    return Number(key)
  })
}
