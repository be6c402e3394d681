/** A running node: requests over HTTP/1.1 and HTTP/2, bytes that are none, and forged messages. */
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import fc from 'fast-check'
import { toText } from '../../src/base/bytes.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import { withOnlyCommitted } from '../../src/message/committed.ts'
import { unsignedId } from '../../src/message/id.ts'
import { Message } from '../../src/message/message.ts'
import { isBinary } from '../../src/message/value.ts'
import { decodeReply } from '../comparable-reply.ts'
import { type HttpAnswer, type HttpRequest, send } from '../replay.ts'
import { contentTargets } from './content-targets.ts'
import type { Corpus } from './corpus.ts'
import { type FiredNode, startFiredNode } from './fired-node.ts'
import { anyForgery, placesOf } from './hostile-post.ts'
import { anyRequest } from './hostile-request.ts'
import { anyTalk } from './hostile-talk.ts'
import { createHttp2Client } from './http2-client.ts'
import { operatorTarget } from './operator-targets.ts'
import { talk } from './raw-client.ts'
import { type ScheduleSeeds, signSeeds } from './schedule-seeds.ts'
import { attempt, createTarget, type FuzzTarget } from './target.ts'

export interface NodeTargets {
  readonly targets: readonly FuzzTarget[]
  /** See `FiredNode.close`. */
  close(): Promise<string>
}

export async function openNodeTargets(corpus: Corpus): Promise<NodeTargets> {
  const node = await startFiredNode()
  const agent = new Agent({ keepAlive: true })
  const http2 = createHttp2Client(node.url)
  const ask = async (request: HttpRequest): Promise<HttpAnswer> => {
    const answer = await inTime(send(node.url, request, agent))
    node.assertCalm()
    return answer
  }
  const [seeds, own] = [await signSeeds(node.address, 'a'), await signSeeds(node.address, 'b')]
  for (const spawn of [...seeds.spawns, ...own.spawns]) {
    assert.equal((await send(node.url, spawn, agent)).status, 200)
  }
  const known: Corpus = {
    ...corpus,
    requests: [...corpus.requests, ...seeds.posts],
    paths: [...corpus.paths, ...seeds.paths, ...seeds.paths],
  }
  const anyMarked = anyRequest(known).map(marked)
  const targets = [
    createTarget('node-requests', {
      share: 24,
      arbitrary: anyMarked,
      check: async (request) => checkAnswer(node, request, await ask(request)),
    }),
    createTarget('node-http2', {
      share: 6,
      arbitrary: anyMarked,
      check: async (request) => {
        const answer = await inTime(http2.send(request))
        if (answer !== undefined) await checkAnswer(node, request, answer)
      },
    }),
    createTarget('node-bytes', {
      share: 8,
      arbitrary: anyTalk(known.requests),
      check: async (said) => {
        checkStatus(statusIn(await talk(node.port, said)), String(Buffer.concat(said.pieces)))
        node.assertCalm()
      },
    }),
    createTarget('node-forgeries', {
      share: 12,
      arbitrary: fc.oneof(
        { weight: 1, arbitrary: fc.constantFrom(...seeds.posts) },
        {
          weight: 9,
          arbitrary: anyForgery({ posts: seeds.posts, places: seeds.processes.flatMap(placesOf) }),
        },
      ),
      check: async (request) => {
        const asked = { ...request, headers: [...request.headers, BUNDLED] }
        const answer = await ask(asked)
        await checkAnswer(node, request, answer)
        await checkScheduled(seeds, answer)
      },
    }),
  ]
  targets.push(...contentTargets({ scheduler: node.address, processes: own.processes, ask }))
  targets.push(await operatorTarget({ operator: node.wallet, ask }))
  const close = async (): Promise<string> => {
    agent.destroy()
    http2.close()
    return node.close()
  }
  return { targets, close }
}

/** Long, as others may use the machine; a node that waits for nothing is far quicker. */
const PATIENCE_MS = 10_000

/** @throws Error when no answer comes */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error('The node does not answer')), PATIENCE_MS)
  return Promise.race([answer, promise]).finally(() => clearTimeout(timer))
}

const BUNDLED = ['accept-bundle', 'true'] as const
/** In every request: nothing that the node signs may have it. */
const MARK = 'thief'

function marked(request: HttpRequest): HttpRequest {
  const query = `${request.path.includes('?') ? '&' : '?'}recipient=${MARK}&${MARK}=1`
  const headers = [...request.headers, ['url', `http://${MARK}.example`] as const]
  return { ...request, path: request.path + query, headers }
}

async function checkAnswer(
  node: FiredNode,
  request: HttpRequest,
  answer: HttpAnswer,
): Promise<void> {
  checkStatus(answer.status, JSON.stringify(request))
  node.assertCalm()
  await checkSignature(node, answer)
}

/**
 * A message that leads in a circle gets 508, one for a scheduler that is gone 502; a client may also
 * choose the status of an echo.
 */
function checkStatus(status: number, request: string): void {
  const isOk = status < 500 || status === 502 || status === 508 || /status|5\d\d/.test(request)
  assert.ok(isOk, `status ${status}`)
}

function statusIn(reply: Buffer): number {
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(reply.toString('latin1', 0, 20))?.[1] ?? 0)
}

/** A bare value may be signed under `body`, and the items of a list: alone they mean nothing. */
async function checkSignature(node: FiredNode, answer: HttpAnswer): Promise<void> {
  const message = await attempt(() => decodeReply(answer))
  if (!(message instanceof Message)) return
  const { signers } = await verifyMessage(message)
  if (!signers.includes(node.address)) return
  for (const [key, value] of withOnlyCommitted(message)) {
    const isBare = key === 'body' || /^\d+$/.test(key)
    const text = isBinary(value) && !isBare ? (toText(value) ?? '') : ''
    assert.ok(!key.includes(MARK) && !text.includes(MARK), `signed by the node: ${key}: ${text}`)
  }
}

/** What got a slot is what one of the two clients signed, whole, unchanged, and for that process. */
async function checkScheduled(seeds: ScheduleSeeds, answer: HttpAnswer): Promise<void> {
  const assignment = await attempt(() => decodeReply(answer))
  const body = assignment instanceof Message ? assignment.get('body') : undefined
  if (answer.status !== 200 || !(assignment instanceof Message && body instanceof Message)) return
  const target = body.get('target')
  if (target !== undefined) assert.equal(assignment.get('process'), target)
  const { valid, signers } = await verifyMessage(body)
  assert.ok(valid && signers.length > 0, 'scheduled, but not signed')
  for (const signer of signers) assert.ok(seeds.signers.has(signer), `scheduled for ${signer}`)
  assert.ok(seeds.contents.has(unsignedId(withOnlyCommitted(body))), 'scheduled, but never signed')
}
