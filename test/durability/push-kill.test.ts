/**
 * A node that pushes is killed with SIGKILL in the middle of it, again and again, and started on the
 * same store: every message of an outbox that was to be sent reaches its target, and none twice.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import {
  bodyOf,
  get,
  readSchedule,
  request,
  signMessage,
  spawn,
  temporaryFolder,
} from '../node-kit.ts'
import { type ChildNode, killNode, startChild } from './child-node.ts'

const KILLS = 3
const COPIES = 12

/** Pushes messages, some without waiting, until the node dies; notes the slots it acknowledged. */
async function pushUntilDeath(
  { url }: ChildNode,
  { from, target, acknowledged }: { from: string; target: string; acknowledged: number[] },
): Promise<void> {
  for (let n = 0; ; n++) {
    const message = await signMessage(from, { to: target, copies: `${COPIES}` })
    const path = `/${from}/push${n % 2 === 0 ? '&async=true' : ''}`
    try {
      const reply = await request(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/ans104', 'accept-bundle': 'true' },
        body: Buffer.from(encodeAns104(message)),
      })
      if (reply.status === 503) continue
      assert.equal(reply.status, 200, reply.text)
      acknowledged.push(Number(reply.message().get('slot')))
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error
      return
    }
  }
}

/** How often each message came, by the slot and number that it says. */
async function arrivals(url: string, target: string): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const assignment of (await readSchedule(url, target)).slice(1)) {
    const name = String(bodyOf(assignment).get('n'))
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return counts
}

function namesOf(slots: readonly number[]): string[] {
  return slots.flatMap((slot) => Array.from({ length: COPIES }, (_, n) => `${slot}.${n + 1}`))
}

test('SIGKILL loses no message of an acknowledged push, and doubles none', async (t) => {
  const storePath = await temporaryFolder(t)
  let node = await startChild(t, { storePath })
  const from = await spawn(node, { 'execution-device': 'fan-out@1.0' })
  const target = await spawn(node, { 'execution-device': 'counter@1.0' })
  const acknowledged: number[] = []
  for (let round = 0; round < KILLS; round++) {
    const before = acknowledged.length
    const pushing = pushUntilDeath(node, { from, target, acknowledged })
    do await new Promise((resolve) => setTimeout(resolve, 400 + Math.random() * 400))
    while (acknowledged.length < before + 2)
    await killNode(node)
    await pushing
    node = await startChild(t, { storePath })
  }
  const { url } = node
  const due = namesOf(acknowledged)
  // By the node itself: nobody pushes these slots again.
  for (let endMs = performance.now() + 60_000; ; ) {
    const counts = await arrivals(url, target)
    const missing = due.filter((name) => !counts.has(name))
    if (missing.length === 0) break
    assert.ok(performance.now() < endMs, `${missing.length} messages arrive within a minute`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  // What was scheduled, but not acknowledged, goes on with the next push.
  const all = (await readSchedule(url, from)).map((_, slot) => slot).slice(1)
  await Promise.all(all.map((slot) => get(`${url}/${from}/push&slot=${slot}`)))
  const counts = await arrivals(url, target)
  assert.deepEqual([...counts.keys()].toSorted(), namesOf(all).toSorted())
  assert.deepEqual(new Set(counts.values()), new Set([1]))
  const count = await get(`${url}/${target}/now/count`)
  assert.equal(count.text, `${all.length * COPIES}`)
  node.child.kill('SIGTERM')
  assert.deepEqual(await once(node.child, 'exit'), [0, null])
})

test('a conversation of two processes goes on through SIGKILLs, each word once', async (t) => {
  const storePath = await temporaryFolder(t)
  let node = await startChild(t, { storePath })
  const keys = { 'execution-device': 'ping-pong@1.0' }
  const [ping, pong] = [await spawn(node, keys), await spawn(node, keys)]
  const words = 60
  const first = await signMessage(ping, { left: `${words}`, friend: pong })
  const pushed = await request(`${node.url}/${ping}/push&async=true`, {
    method: 'POST',
    headers: { 'content-type': 'application/ans104' },
    body: Buffer.from(encodeAns104(first)),
  })
  assert.equal(pushed.status, 200, pushed.text)
  const slots = async (): Promise<number> => {
    const current = [ping, pong].map((id) => get(`${node.url}/${id}/slot/current`))
    return (await Promise.all(current)).reduce((sum, { text }) => sum + Number(text), 0)
  }
  for (let goal = 0; ; ) {
    const endMs = performance.now() + 60_000
    while ((await slots()) < Math.min(goal, words + 1)) {
      assert.ok(performance.now() < endMs, 'it goes on within a minute')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    if (goal > words) break
    await killNode(node)
    node = await startChild(t, { storePath })
    goal += 21
  }
  const said = await Promise.all(
    [ping, pong].map(async (id) =>
      (await readSchedule(node.url, id)).slice(1).map((slot) => Number(bodyOf(slot).get('left'))),
    ),
  )
  const counted = Array.from({ length: words + 1 }, (_, n) => words - n)
  assert.deepEqual(said, [counted.filter((n) => n % 2 === 0), counted.filter((n) => n % 2 === 1)])
})
