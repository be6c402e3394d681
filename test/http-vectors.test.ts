/**
 * The exchanges with a recorded HyperBEAM node, replayed against a node of ours: the same requests
 * in the same order over real HTTP. Replies to posts must be the same bytes but for time and
 * signatures, replies to reads the same message; see `comparable-reply.ts` for what is left out of
 * that comparison and `http-deviations.ts` for what differs on purpose.
 */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { after, describe, test } from 'node:test'
import { signersOf } from '../src/message/commitment.ts'
import { Message } from '../src/message/message.ts'
import type { RunningNode } from '../src/node/node.ts'
import {
  commitmentIds,
  comparableReply,
  decodeReply,
  differences,
  exactReply,
  failedCommitments,
} from './comparable-reply.ts'
import { DEVIATIONS, type Deviation, SCHEDULED_ONLY_HERE } from './http-deviations.ts'
import {
  type HttpAnswer,
  type RecordedExchange,
  readGets,
  readPosts,
  send,
  startReplayNode,
} from './replay.ts'

const posts = readPosts()
const gets = readGets()
const agent = new Agent({ keepAlive: true })

const node = await startReplayNode()
after(async () => {
  agent.destroy()
  await node.stop()
})

const accepted = posts.filter(({ name }) => !SCHEDULED_ONLY_HERE.has(name))
const answers = new Map<string, HttpAnswer>()
for (const { name, request } of [...accepted, ...gets]) {
  answers.set(name, await send(node.url, request, agent))
}

const run = { sent: new Set(posts.flatMap(({ answer }) => sentCommitments(answer))) }
const facts = { address: node.address, port: Number(new URL(node.url).port) }

/** Of what was scheduled: the reply holds it as its body. */
function sentCommitments(answer: HttpAnswer): string[] {
  return answer.status === 200 ? commitmentIds(decodeReply(answer).get('body')) : []
}

function ours({ name }: RecordedExchange): HttpAnswer {
  const answer = answers.get(name)
  assert.ok(answer !== undefined)
  return answer
}

function exchangeOf(name: string): RecordedExchange {
  const found = [...posts, ...gets].find((exchange) => exchange.name === name)
  assert.ok(found !== undefined, name)
  return found
}

/** The signers of each assignment in a page. */
function signersByAssignment(page: Message): string[][] {
  const assignments = page.get('assignments')
  assert.ok(assignments instanceof Message)
  return [...assignments].map(([, assignment]) =>
    assignment instanceof Message ? signersOf(assignment) : [],
  )
}

async function disposableNode(): Promise<RunningNode & AsyncDisposable> {
  const started = await startReplayNode()
  return { ...started, [Symbol.asyncDispose]: () => started.stop() }
}

async function checkDeviation(exchange: RecordedExchange, deviation: Deviation): Promise<void> {
  const { answer } = exchange
  const { why, at } = deviation
  const found = differences(comparableReply(ours(exchange), run), comparableReply(answer, run))
  assert.ok(found.length > 0, `No deviation any more, drop the entry: ${why}`)
  if (at !== undefined) {
    const unexpected = found.filter(({ path }) => !at.some((place) => path.startsWith(place)))
    assert.deepEqual(unexpected, [])
    const gone = at.filter((place) => !found.some(({ path }) => path.startsWith(place)))
    assert.deepEqual(gone, [], 'does not differ there any more')
  }
  deviation.ours?.(ours(exchange), answer, facts)
  const failed = await failedCommitments(decodeReply(answer))
  assert.equal(failed.length > 0, deviation.recordedFails ?? false, 'recorded signatures')
}

describe('replies to posts are those of HyperBEAM', () => {
  for (const exchange of accepted) {
    const { name, answer } = exchange
    const deviation = DEVIATIONS.get(name)
    test(deviation === undefined ? name : `${name}: not here, ${deviation.why}`, async () => {
      if (deviation !== undefined) return checkDeviation(exchange, deviation)
      assert.deepEqual(exactReply(ours(exchange)), exactReply(answer))
      assert.deepEqual(comparableReply(ours(exchange), run), comparableReply(answer, run))
    })
  }
})

describe('replies to reads are those of HyperBEAM', () => {
  for (const exchange of gets) {
    const { name, answer } = exchange
    const deviation = DEVIATIONS.get(name)
    test(deviation === undefined ? name : `${name}: not here, ${deviation.why}`, async () => {
      if (deviation !== undefined) return checkDeviation(exchange, deviation)
      assert.deepEqual(comparableReply(ours(exchange), run), comparableReply(answer, run))
    })
  }
})

test('every commitment in our replies holds', async () => {
  for (const exchange of [...accepted, ...gets]) {
    const failed = await failedCommitments(decodeReply(ours(exchange)))
    assert.deepEqual(failed, [], exchange.name)
  }
})

test('assignments in pages keep the signature of the scheduler, which HyperBEAM loses', () => {
  const page = decodeReply(ours(exchangeOf('05b-schedule-bundle')))
  const signers = signersByAssignment(page)
  assert.deepEqual(signers, Array(6).fill([node.address]))
  const recorded = decodeReply(exchangeOf('05b-schedule-bundle').answer)
  assert.deepEqual(signersByAssignment(recorded), Array(6).fill([]))
})

describe('messages that hold by the rules, which HyperBEAM refuses', () => {
  for (const name of SCHEDULED_ONLY_HERE) {
    test(`${name} is scheduled`, async () => {
      const { request, answer } = exchangeOf(name)
      assert.equal(answer.status, 400)
      await using other = await disposableNode()
      await send(other.url, exchangeOf('D0-process').request, agent)
      const reply = await send(other.url, request, agent)
      assert.equal(reply.status, 200)
      const assignment = decodeReply(reply)
      assert.equal(assignment.get('slot'), 1)
      assert.deepEqual(await failedCommitments(assignment), [])
    })
  }
})

test('every deviation is of an exchange that was recorded', () => {
  const names = new Set([...posts, ...gets].map(({ name }) => name))
  for (const name of [...DEVIATIONS.keys(), ...SCHEDULED_ONLY_HERE]) {
    assert.ok(names.has(name), name)
  }
})
