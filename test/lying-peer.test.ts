/** What another scheduler answers is checked: whatever is wrong with it, the client gets a reason. */
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { before, describe, type TestContext, test } from 'node:test'
import { commitMessage } from '../src/codec/commit.ts'
import type { Wallet } from '../src/crypto/wallet.ts'
import { Message } from '../src/message/message.ts'
import type { Value } from '../src/message/value.ts'
import { type RunningNode, startNode } from '../src/node/node.ts'
import { type ReceivedRequest, sendMessage, sendOn, startFake } from './fake-network.ts'
import {
  assignmentsOf,
  get,
  type HttpReply,
  idOf,
  postItem,
  readPage,
  schedule,
  signMessage,
  signProcess,
  spawn,
  startTestNode,
  walletA,
  walletB,
} from './node-kit.ts'

/** Stands in every false answer: no client may ever see it. */
const MARK = 'taken-from-the-peer'

/** What an honest scheduler says of a process with three slots, to make lies of. */
interface Truth {
  readonly processId: string
  readonly page: Message
  readonly assignments: readonly Message[]
  readonly other: Message
  readonly slot: Message
}

let truth: Truth

before(async () => {
  const node = await startNode(
    { host: '127.0.0.1', port: 0, storeEngine: 'memory', signReplies: false },
    { wallets: [walletB] },
  )
  try {
    truth = await askTruth(node)
  } finally {
    await node.stop()
  }
})

async function askTruth(node: RunningNode): Promise<Truth> {
  const processId = await spawn(node)
  for (const data of ['one', 'two']) {
    await schedule(node.url, await signMessage(processId, { data }))
  }
  const other = await schedule(node.url, await signMessage(await spawn(node)))
  const page = await readPage(node.url, processId)
  const slot = (await get(`${node.url}/${processId}/slot`)).message()
  const assignments = assignmentsOf(page)
  return { processId, page: ownKeys(page), assignments, other, slot: ownKeys(slot) }
}

/** Without what the transport added. */
function ownKeys(message: Message): Message {
  return new Message([...message].filter(([key]) => REPLY_KEYS.has(key)))
}

const REPLY_KEYS = new Set([
  ...['addresses', 'assignments', 'block-hash', 'block-height', 'continues', 'current'],
  ...['process', 'timestamp', 'type'],
])

function sign(message: Message, wallet: Wallet = walletB): Promise<Message> {
  return commitMessage(message, wallet, { device: 'httpsig@1.0' })
}

function withMark(message: Message): Message {
  return message.with([['data', MARK]])
}

function pageWith(assignments: Record<number, Message>): Message {
  return truth.page.with([['assignments', new Message<Value>(Object.entries(assignments))]])
}

type Lie = (response: ServerResponse, request: ReceivedRequest) => unknown

const answer =
  (make: () => Message | Promise<Message>, status = 200): Lie =>
  async (response) =>
    sendMessage(response, await make(), status)

/** Asks a node whose only way to the scheduler of the process is a peer that lies. */
async function ask(t: TestContext, lie: Lie, key: 'POST' | 'slot' | 'schedule') {
  const peer = await startFake(t, (request, response) => lie(response, request))
  const node = await startTestNode(t, { peerTimeoutMs: ENDLESS.includes(lie) ? 300 : 30_000 })
  const named = `${truth.processId}?hint=${peer.url}`
  const reply =
    key === 'POST'
      ? await postItem(node.url, await signMessage(named))
      : await get(`${node.url}/~scheduler@1.0/${key}?target=${encodeURIComponent(named)}`)
  return { reply, peer }
}

function assertRefused(reply: HttpReply, reason: RegExp, status = 502): void {
  assert.equal(reply.status, status, reply.text)
  assert.match(reply.text, reason)
  assert.equal(reply.text.includes(MARK), false)
  for (const [, value] of reply.headers) assert.equal(value.includes(MARK), false)
}

const silence: Lie = () => undefined
const beginning: Lie = (response) => response.write(MARK)
/** Only time ends these. */
const ENDLESS = [silence, beginning]

const LIES_FOR_ALL: readonly (readonly [string, Lie, RegExp])[] = [
  [
    'a web page',
    (response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(`<html>${MARK}</html>`)
    },
    /no schedule|not sign/,
  ],
  [
    'bytes that are no message',
    (response) => {
      response.writeHead(200, { signature: 'what', 'signature-input': '(((' })
      response.end(MARK)
    },
    /did not answer with a message/,
  ],
  [
    'more bytes than anybody wants',
    (response) => {
      response.writeHead(200, { 'content-length': 10 ** 12 })
      response.write(MARK)
    },
    /too many bytes/,
  ],
  ['nothing at all', silence, /did not answer/],
  ['a head without an end', beginning, /did not answer/],
  ['a closed connection', (response) => response.destroy(), /did not answer/],
  ['a failure', answer(() => new Message([['body', MARK]]), 500), /failed to answer/],
  [
    'redirects without end',
    (response, { headers }) => {
      response.writeHead(307, { location: `http://${headers.host}/` })
      response.end(MARK)
    },
    /redirected the request too often/,
  ],
  [
    'a redirect to where nobody should be sent',
    (response) => response.writeHead(307, { location: 'file:///etc/passwd' }).end(MARK),
    /no usable URL/,
  ],
  [
    'a redirect to a URL that never ends',
    (response) => {
      const location = `http://a/${'/'.repeat(10_000)}x`
      response.writeHead(307, { location }).end(MARK)
    },
    /no usable URL/,
  ],
]

describe('any request to a peer', () => {
  for (const [name, lie, reason] of LIES_FOR_ALL) {
    for (const key of ['POST', 'slot', 'schedule'] as const) {
      test(`${key}: ${name} is a 502 with a reason`, async (t) => {
        assertRefused((await ask(t, lie, key)).reply, reason)
      })
    }
  }

  test('a refusal keeps its status and reason, but no page', async (t) => {
    const refuse = answer(() => new Message([['body', 'Message is not valid.']]), 400)
    const { reply } = await ask(t, refuse, 'POST')
    assert.equal(reply.status, 400)
    assert.equal(reply.text, 'Message is not valid.')
    const page: Lie = (response) => {
      response.writeHead(404, { 'content-type': 'text/html' }).end(`<html>${MARK}</html>`)
    }
    assertRefused((await ask(t, page, 'slot')).reply, /refused/, 404)
  })

  test('a peer that is busy is a 503, so that the client tries again', async (t) => {
    const busy = answer(() => new Message([['body', MARK]]), 503)
    assertRefused((await ask(t, busy, 'POST')).reply, /try again/, 503)
  })

  test('a legacy scheduler is named as such', async (t) => {
    const legacy: Lie = (response) =>
      response.writeHead(307, { location: 'http://127.0.0.1:9', variant: 'ao.TN.1' }).end()
    assertRefused((await ask(t, legacy, 'slot')).reply, /legacy/, 503)
  })
})

describe('POST', () => {
  const lies: readonly (readonly [string, Lie, RegExp])[] = [
    ['of another process', answer(() => truth.other), /another process/],
    ['of another message', answer(() => truth.assignments[1] ?? new Message()), /another message/],
    [
      'that was changed',
      answer(() => (truth.assignments[1] ?? new Message()).with([['slot', 7]])),
      /does not hold/,
    ],
    [
      'that is a signed reply to somebody who wanted it so',
      answer(() =>
        sign(
          withMark(
            truth.slot.with([
              ['slot', 1],
              ['status', 200],
            ]),
          ),
        ),
      ),
      /no assignment/,
    ],
    [
      'that nobody signed',
      answer(() => withMark((truth.assignments[1] ?? new Message()).withCommitments(new Map()))),
      /did not sign/,
    ],
  ]
  for (const [name, lie, reason] of lies) {
    test(`an assignment ${name} is a 502`, async (t) => {
      assertRefused((await ask(t, lie, 'POST')).reply, reason)
    })
  }

  test('the message goes to the peer as it is, unsigned around it, with the way it came', async (t) => {
    const { peer } = await ask(t, LIES_FOR_ALL[0]?.[1] ?? (() => undefined), 'POST')
    const [request] = peer.received
    assert.equal(request?.target, `/${truth.processId}/schedule`)
    assert.equal(request?.headers.via, `1.1 ${walletA.address}`)
    assert.equal(request?.headers['accept-bundle'], 'true')
    assert.equal(request?.headers.signature, undefined)
  })
})

describe('slot', () => {
  const lies: readonly (readonly [string, Lie, RegExp])[] = [
    [
      'of another process',
      answer(() => truth.slot.with([['process', idOf(truth.other)]])),
      /another/,
    ],
    ['without a number', answer(() => truth.slot.without('current')), /newest slot/],
    [
      'that was changed',
      answer(async () => (await sign(truth.slot)).with([['current', 9]])),
      /hold/,
    ],
  ]
  for (const [name, lie, reason] of lies) {
    test(`an answer ${name} is a 502`, async (t) => {
      assertRefused((await ask(t, lie, 'slot')).reply, reason)
    })
  }

  test('of an answer that nobody signed only known keys are passed on', async (t) => {
    const { reply } = await ask(
      t,
      answer(() => withMark(truth.slot)),
      'slot',
    )
    assert.equal(reply.status, 200)
    assert.equal(reply.message().get('current'), 2)
    assert.equal(reply.message().has('data'), false)
  })
})

describe('schedule', () => {
  const at = (slot: number): Message => truth.assignments[slot] ?? assert.fail('no such slot')
  const lies: readonly (readonly [string, Lie, RegExp])[] = [
    ['of another process', answer(() => truth.page.with([['process', 'P'.repeat(43)]])), /another/],
    ['without assignments', answer(() => truth.page.without('assignments')), /without assignments/],
    [
      'that does not start where it was asked to',
      answer(() => pageWith({ 1: at(1) })),
      /not asked/,
    ],
    ['with a gap', answer(() => pageWith({ 0: at(0), 2: at(2) })), /not asked/],
    ['with an assignment at another slot', answer(() => pageWith({ 0: at(1) })), /another slot/],
    [
      'with an assignment that was changed',
      answer(() => pageWith({ 0: at(0).with([['timestamp', 1]]) })),
      /does not hold/,
    ],
    [
      'with an assignment with keys of nobody',
      answer(() => pageWith({ 0: withMark(at(0)) })),
      /not signed/,
    ],
    [
      'with an assignment that nobody signed',
      answer(() => pageWith({ 0: withMark(at(0).withCommitments(new Map())) })),
      /did not sign/,
    ],
    [
      'with a broken chain',
      answer(async () => {
        const forged = at(1).with([['base-hashpath', `${truth.processId}/${'x'.repeat(43)}`]])
        return pageWith({ 0: at(0), 1: await sign(forged.withCommitments(new Map())) })
      }),
      /does not follow/,
    ],
  ]
  for (const [name, lie, reason] of lies) {
    test(`a page ${name} is a 502`, async (t) => {
      assertRefused((await ask(t, lie, 'schedule')).reply, reason)
    })
  }

  test('unsigned assignments of older nodes are taken where the whole page is signed', async (t) => {
    const bare = Object.fromEntries(
      truth.assignments.map((a, slot) => [slot, a.withCommitments(new Map())]),
    )
    const { reply } = await ask(
      t,
      answer(() => sign(pageWith(bare))),
      'schedule',
    )
    assert.equal(reply.status, 200, reply.text)
    assert.equal(assignmentsOf(reply.message()).length, 3)
  })

  test('of a page that nobody signed only known keys are passed on', async (t) => {
    const { reply } = await ask(
      t,
      answer(() => withMark(truth.page)),
      'schedule',
    )
    assert.equal(reply.status, 200, reply.text)
    assert.equal(reply.message().has('data'), false)
  })
})

describe('a process that this node knows', () => {
  test('has nobody but its own schedulers sign for it', async (t) => {
    const honest = await startTestNode(t, {}, { wallets: [walletB] })
    const node = await startTestNode(t)
    let lie: Lie | undefined
    const peer = await startFake(t, (request, response) =>
      lie === undefined
        ? sendOn(honest.url + request.target, request, response)
        : lie(response, request),
    )
    const process = await signProcess(`${honest.address}?hint=${peer.url}`)
    await schedule(node.url, process)
    const slot = await get(`${node.url}/${idOf(process)}/slot`)
    assert.equal(slot.message().get('current'), 0)
    lie = answer(() => sign(truth.slot.with([['process', idOf(process)]]), walletA))
    assertRefused(await get(`${node.url}/${idOf(process)}/slot`), /somebody else signed/)
  })
})
