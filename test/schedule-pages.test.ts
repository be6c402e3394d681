/** Long pages of a schedule: made of kept pieces or anew, at once or while they are sent. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { get as httpGet, type IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { NodeConfig } from '../src/config/options.ts'
import { Message } from '../src/message/message.ts'
import { Atom } from '../src/message/value.ts'
import { type RunningNode, startNode } from '../src/node/node.ts'
import { postItem, readPage, request, signMessage, spawn, walletA } from './node-kit.ts'

const SLOTS = 150
const FORMS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  httpsig: { 'accept-bundle': 'true' },
  json: { 'accept-bundle': 'true', 'require-codec': 'application/json' },
  'aos-2': { accept: 'application/aos-2' },
}

const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-pages-'))
after(() => rm(folder, { recursive: true, force: true }))

function start(options: Partial<NodeConfig> = {}): Promise<RunningNode> {
  const storePath = join(folder, 'store')
  return startNode({ host: '127.0.0.1', port: 0, storePath, ...options }, { wallets: [walletA] })
}

async function withNode<T>(
  options: Partial<NodeConfig>,
  use: (node: RunningNode) => Promise<T>,
): Promise<T> {
  const node = await start(options)
  try {
    return await use(node)
  } finally {
    await node.stop()
  }
}

const processId = await withNode({}, async (node) => {
  const id = await spawn(node)
  const data = 'Ünïcode and "quotes" '.repeat(20)
  for (let slot = 1; slot < SLOTS; slot++) {
    const message = await signMessage(id, { data: `${data}${slot}`, n: slot })
    assert.equal((await postItem(node.url, message)).status, 200)
  }
  return id
})

async function bodies(node: RunningNode): Promise<Record<string, string>> {
  const read: Record<string, string> = {}
  for (const [form, headers] of Object.entries(FORMS)) {
    const reply = await request(`${node.url}/${processId}/schedule`, { headers })
    assert.equal(reply.status, 200, reply.text)
    // The rest of the JSON has the signature of the page, and no two of RSA are alike.
    const text = reply.bytes.toString('latin1')
    read[form] =
      form === 'json'
        ? (/"assignments":.*?,"block-hash":"[^"]*","block-height":\d+,"commitments"/.exec(
            text,
          )?.[0] ?? '')
        : text
  }
  return read
}

test('a page has the same bytes however much of it was kept, none or all', async () => {
  const kept = await withNode({}, async (node) => [await bodies(node), await bodies(node)])
  const partly = await withNode({ pageCacheBytes: 100_000 }, bodies)
  const anew = await withNode({ pageCacheBytes: 0 }, bodies)
  for (const form of Object.keys(FORMS)) {
    const [expected, ...others] = [...kept, partly, anew].map((read) => read[form])
    assert.ok(expected && expected.length > 100_000, form)
    for (const other of others) assert.ok(other === expected, form)
  }
})

test('a page of JSON is sent while it is made; HEAD tells its headers', () =>
  withNode({}, async ({ url }) => {
    const page = `${url}/${processId}/schedule`
    const headers = FORMS.json ?? {}
    const reply = await request(page, { headers })
    assert.equal(reply.headers.get('transfer-encoding'), 'chunked')
    assert.equal(reply.headers.get('content-length'), null)
    const { assignments } = JSON.parse(reply.text) as { assignments: Record<string, unknown> }
    assert.equal(Object.keys(assignments).length, SLOTS)
    const head = await request(page, { headers, method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(head.headers.get('signature') !== null, reply.headers.get('signature') !== null)
    assert.equal(head.bytes.length, 0)
    const short = await request(`${page}?to=3`, { headers })
    assert.equal(short.headers.get('content-length'), String(short.bytes.length))
  }))

test('a client that goes away in the middle of a page leaves nothing behind', () =>
  withNode({ maxInFlight: 2 }, async ({ url }) => {
    for (let round = 0; round < 6; round++) {
      const sent = httpGet(`${url}/${processId}/schedule`, { headers: FORMS.json ?? {} })
      const [reply] = (await once(sent, 'response')) as [IncomingMessage]
      await once(reply, 'data')
      sent.destroy()
    }
    // Requests under way would be counted, and this one refused.
    const page = await readPage(url, processId)
    assert.equal(page.get('type'), 'schedule')
  }))

test('a page ends by the bytes of its messages, and the next one goes on', () =>
  withNode({ pageLimitBytes: 40_000 }, async ({ url }) => {
    const seen: number[] = []
    for (let pages = 0, more = true; more; pages++) {
      assert.ok(pages < SLOTS)
      const page = await readPage(url, processId, `?from=${seen.length}`)
      const assignments = page.get('assignments')
      assert.ok(assignments instanceof Message)
      const slots = [...assignments.keys()].map(Number).sort((a, b) => a - b)
      assert.ok(slots.length > 1 && slots.length < 60, String(slots.length))
      seen.push(...slots)
      more = page.get('continues') === Atom.true
    }
    assert.deepEqual(
      seen,
      Array.from({ length: SLOTS }, (_, slot) => slot),
    )
  }))

test('the links of a page alone are more headers than clients take: they come as JSON', () =>
  withNode({}, async ({ url }) => {
    const links = `${url}/${processId}/schedule/assignments`
    const reply = await request(links)
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('content-type'), 'application/json')
    assert.ok([...reply.headers].length < 100)
    const { commitments, ...ids } = JSON.parse(reply.text) as Record<string, unknown>
    for (let slot = 0; slot < SLOTS; slot++) assert.equal(typeof ids[`${slot}+link`], 'string')
    assert.ok(commitments)
    const short = await request(`${links}?to=3`)
    assert.equal(short.message().has('3'), true)
    const insisted = await request(`${links}?to=120`, {
      headers: { 'require-codec': 'httpsig@1.0' },
    })
    assert.equal(insisted.message().has('120'), true)
  }))

test('a page of links, and a slot of it, need no other slot', () =>
  withNode({}, async ({ url }) => {
    const page = (await request(`${url}/${processId}/schedule`)).message()
    const slot = (await request(`${url}/${processId}/schedule/assignments/7`)).message()
    assert.equal(page.get('assignments') instanceof Message, false)
    assert.equal(slot.get('slot'), 7)
  }))
