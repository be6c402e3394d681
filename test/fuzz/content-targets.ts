/**
 * What is rightly signed is scheduled, whatever it says: it must not make a schedule unreadable, or
 * harm the node that computes it.
 */
import assert from 'node:assert/strict'
import { commitMessage } from '../../src/codec/commit.ts'
import { Message } from '../../src/message/message.ts'
import { decodeReply } from '../comparable-reply.ts'
import { assignmentsOf, clientWallet, idOf } from '../node-kit.ts'
import type { HttpAnswer, HttpRequest } from '../replay.ts'
import { anyMessageFor, anyProcess, type Content } from './hostile-content.ts'
import { requestOf } from './schedule-seeds.ts'
import { attempt, createTarget, type FuzzTarget } from './target.ts'

export interface ContentDeps {
  readonly scheduler: string
  readonly processes: readonly string[]
  /** Sends a request. @throws AssertionError for an answer that no request may get */
  readonly ask: (request: HttpRequest) => Promise<HttpAnswer>
}

export function contentTargets(deps: ContentDeps): FuzzTarget[] {
  return [
    createTarget('node-contents', {
      share: 2,
      arbitrary: anyMessageFor(deps.processes),
      check: async (content) => {
        const scheduled = await schedule(deps, content)
        if (scheduled !== undefined) await checkReadable(deps, scheduled)
      },
    }),
    createTarget('node-processes', {
      share: 1,
      arbitrary: anyProcess(deps.scheduler),
      check: async (content) => {
        const scheduled = await schedule(deps, content)
        if (scheduled !== undefined) await computeAll(deps, scheduled)
      },
    }),
  ]
}

interface Scheduled {
  readonly process: string
  readonly slot: number
  readonly id: string
}

/** Has the message scheduled, if it can be signed, sent and admitted. */
async function schedule(deps: ContentDeps, content: Content): Promise<Scheduled | undefined> {
  const { message, device, bundle } = content
  const signed = await attempt(() => commitMessage(message, clientWallet, { device, bundle }))
  const request = signed && (await attempt(() => requestOf(signed)))
  if (request === undefined || !isSendable(request)) return undefined
  const asked = { ...request, headers: [...request.headers, BUNDLED] }
  const answer = await deps.ask(asked).catch(unlessCut)
  if (answer?.status !== 200) return undefined
  const assignment = decodeReply(answer)
  const [process, slot] = [assignment.get('process'), assignment.get('slot')]
  const body = assignment.get('body')
  // A signed path may ask for something else.
  if (typeof process !== 'string' || typeof slot !== 'number') return undefined
  if (!(body instanceof Message)) return undefined
  return { process, slot, id: idOf(body) }
}

/** A signed path may ask for a long page, in a format that something late in it has no form in. */
function unlessCut(error: unknown): undefined {
  if (!(error instanceof Error && error.message === 'aborted')) throw error
}

const BUNDLED = ['accept-bundle', 'true'] as const

/** What cannot go through HTTP has nothing to do with the node. */
function isSendable({ headers }: HttpRequest): boolean {
  const size = headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
  return size < 500_000
}

const BUNDLES = [BUNDLED] as const
const FORMATS: readonly (readonly (readonly [string, string])[])[] = [
  [],
  BUNDLES,
  [['accept', 'application/json'], BUNDLED],
  [['accept', 'application/aos-2']],
]

/** A page with the message is read in every format, and the message under its id. */
async function checkReadable(deps: ContentDeps, { process, slot, id }: Scheduled): Promise<void> {
  for (const headers of FORMATS) {
    const path = `/${process}/schedule?from=${slot}&to=${slot}`
    const answer = await deps.ask({ method: 'GET', path, headers })
    const { status, body } = answer
    // JSON has no bytes that are no text.
    const isJson = headers.some(([, value]) => value === 'application/json')
    const isOk = status === 200 || (status === 406 && isJson)
    assert.ok(isOk, `${status} for ${JSON.stringify(headers)}: ${Buffer.from(body)}`)
    if (headers === BUNDLES) checkPage(answer, id)
  }
  const { status } = await deps.ask({ method: 'GET', path: `/${id}`, headers: [BUNDLED] })
  assert.ok(status < 500 || status === 508, `the message has status ${status}`)
}

/**
 * A reader finds the message in the page, under its id. Whether it can prove it is another matter:
 * of some messages, such as those with empty keys inside, only the received bytes are proof.
 */
function checkPage(answer: HttpAnswer, id: string): void {
  const [assignment] = assignmentsOf(decodeReply(answer))
  const body = assignment?.get('body')
  assert.ok(body instanceof Message)
  assert.equal(idOf(body), id)
}

/** A process may fail in its own way; the node does not. */
async function computeAll(deps: ContentDeps, { process }: Scheduled): Promise<void> {
  const paths = ['now', 'compute?slot=0', 'compute&slot+integer=0/results', 'push&slot=0', 'slot']
  for (const path of paths) {
    await deps.ask({ method: 'GET', path: `/${process}/${path}`, headers: [] })
  }
}
