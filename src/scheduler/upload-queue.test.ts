import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GENESIS } from '../arweave/block-clock.ts'
import type { Uploader } from '../arweave/uploader.ts'
import { AoError, isAoError } from '../base/errors.ts'
import { silentEvents, type UploadFailed } from '../base/events.ts'
import { prepareMessage } from '../cache/prepare.ts'
import { createMessage } from '../message/create-message.ts'
import type { Message } from '../message/message.ts'
import { createMemoryStore } from '../store/memory-store.ts'
import type { Store } from '../store/store.ts'
import { buildAssignment } from './assignment.ts'
import { startChain } from './chain.ts'
import { createScheduleStore } from './schedule-store.ts'
import { createUploadQueue, type UploadQueue } from './upload-queue.ts'

const PROCESS = 'P'.repeat(43)
const OTHER = 'Q'.repeat(43)

interface Bench {
  readonly queue: UploadQueue
  /** `P0 message`, `P0` and so on, as they reached the bundler. */
  readonly uploaded: string[]
  readonly failed: UploadFailed[]
  /** Puts a schedule of so many slots into the store. */
  fill(processId: string, slots: number): Promise<void>
  published(processId?: string): Promise<number>
}

type Take = (name: string, signal: AbortSignal | undefined) => void | Promise<void>

/** Opens a queue on a store, maybe one that another queue was on before. */
function open(take: Take = () => undefined, store: Store = createMemoryStore()): Bench {
  const uploaded: string[] = []
  const failed: UploadFailed[] = []
  const schedules = createScheduleStore(store)
  const uploader: Uploader = {
    isEnabled: true,
    upload: async (message, signal) => {
      const name = nameOf(message)
      await take(name, signal)
      uploaded.push(name)
    },
  }
  const events = { ...silentEvents, uploadFailed: (event: UploadFailed) => void failed.push(event) }
  const queue = createUploadQueue(
    { store: schedules, uploader, events },
    { lanes: 2, retryMinMs: 5 },
  )
  return {
    ...{ queue, uploaded, failed },
    published: (processId = PROCESS) => schedules.publishedSlots(processId),
    fill: async (processId, slots) => {
      for (let slot = 0; slot < slots; slot++) {
        const body = createMessage({ target: processId, slot })
        const times = { timestamp: 1_000, block: GENESIS }
        const chain = { chainKind: 'base-hashpath', chain: processId } as const
        const assignment = buildAssignment({ processId, slot, ...times, ...chain, body })
        const head = { slot, timestamp: 1_000, ...startChain(processId) }
        const prepared = prepareMessage(assignment)
        await schedules.append(processId, [{ head, assignment: prepared, messageId: `${slot}` }])
      }
    },
  }
}

function nameOf(message: Message): string {
  const process = String(message.get('process') ?? message.get('target')).slice(0, 1)
  const name = `${process}${String(message.get('slot'))}`
  return message.get('type') === 'Assignment' ? name : `${name} message`
}

test('publish() resolves when the message and then its assignment are with the bundler', async () => {
  const { queue, uploaded, fill, published } = open()
  await fill(PROCESS, 2)
  await queue.publish(PROCESS, 0)
  assert.deepEqual(uploaded, ['P0 message', 'P0'])
  await queue.publish(PROCESS, 1)
  assert.deepEqual(uploaded.slice(2), ['P1 message', 'P1'])
  await queue.close()
  assert.equal(await published(), 2)
})

test('add() publishes all slots behind the back of the caller, none twice', async () => {
  const { queue, uploaded, fill } = open()
  await fill(PROCESS, 40)
  await fill(OTHER, 3)
  for (let slot = 0; slot < 40; slot++) queue.add(PROCESS, slot)
  queue.add(OTHER, 2)
  await Promise.all([queue.publish(PROCESS, 39), queue.publish(OTHER, 2)])
  assert.equal(uploaded.length, 2 * 43)
  assert.equal(new Set(uploaded).size, 2 * 43)
  assert.equal(queue.backlog(), 0)
  await queue.close()
})

test('resume() publishes all slots again where the number of them is damaged', async () => {
  const store = createMemoryStore()
  const { queue, uploaded, fill, published } = open(() => undefined, store)
  await fill(PROCESS, 2)
  const path = `~scheduler@1.0/published/${PROCESS}`
  await store.commit([{ kind: 'value', path, value: Buffer.from('nonsense') }])
  await queue.resume()
  await queue.publish(PROCESS, 1)
  assert.deepEqual(new Set(uploaded), new Set(['P0 message', 'P0', 'P1 message', 'P1']))
  await queue.close()
  assert.equal(await published(), 2)
})

test('what the bundler does not take is tried again, in order, and those who wait hear of it', async () => {
  let failures = 3
  const { queue, uploaded, failed, fill, published } = open((name) => {
    if (name === 'P1' && failures-- > 0) throw new AoError('remote-failed', 'busy', { status: 503 })
  })
  await fill(PROCESS, 3)
  queue.add(PROCESS, 2)
  await assert.rejects(
    queue.publish(PROCESS, 1),
    (error) => isAoError(error, 'remote-failed') && error.context.slot === 1,
  )
  assert.ok((await published()) <= 1)
  while ((await published()) < 3) await new Promise((resolve) => setTimeout(resolve, 2))
  assert.ok(uploaded.includes('P1') && uploaded.includes('P2'))
  assert.deepEqual(
    failed.map(({ attempt, retryInMs }) => [attempt, retryInMs]),
    [
      [1, 5],
      [2, 10],
      [3, 20],
    ],
  )
  await queue.close()
})

test('what the bundler refuses is passed over, and tried again only for whoever asks', async () => {
  let isRefusing = true
  const { queue, uploaded, failed, fill, published } = open((name) => {
    if (name === 'P0 message' && isRefusing) {
      throw new AoError('remote-failed', 'The bundler refused', { status: 413 })
    }
  })
  await fill(PROCESS, 2)
  const first = queue.publish(PROCESS, 0)
  await Promise.all([assert.rejects(first, /refused/), queue.publish(PROCESS, 1)])
  assert.equal(await published(), 2)
  assert.deepEqual(uploaded, ['P1 message', 'P1'])
  assert.equal(failed[0]?.retryInMs, undefined)
  await assert.rejects(queue.publish(PROCESS, 0), /refused/)
  isRefusing = false
  await queue.publish(PROCESS, 0)
  assert.deepEqual(uploaded.slice(2), ['P0 message', 'P0'])
  await queue.close()
})

test('close() gives up what hangs, and resume() takes it up on the next start', async () => {
  const store = createMemoryStore()
  const reached = Promise.withResolvers<void>()
  const before = open((name, signal) => {
    if (name !== 'P17 message') return
    reached.resolve()
    return new Promise((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason)),
    )
  }, store)
  await before.fill(PROCESS, 20)
  await before.fill(OTHER, 1)
  await before.queue.publish(OTHER, 0)
  const waiting = before.queue.publish(PROCESS, 19)
  await reached.promise
  const refused = assert.rejects(waiting, (error) => isAoError(error, 'unavailable'))
  await before.queue.close()
  await refused
  await assert.rejects(before.queue.publish(PROCESS, 1), (error) => isAoError(error, 'unavailable'))
  assert.deepEqual(before.failed, [], 'stopping is no failure of the bundler')
  assert.equal(await before.published(), 17)

  const { queue, uploaded } = open(undefined, store)
  await queue.resume()
  await queue.publish(PROCESS, 19)
  assert.deepEqual(uploaded.filter((name) => !name.endsWith('message')).toSorted(), [
    'P17',
    'P18',
    'P19',
  ])
  await queue.close()
})

test('without a bundler nothing is read or kept', async () => {
  const isEnabled = false
  const upload = () => assert.fail('nothing is to be uploaded')
  const store = createScheduleStore(createMemoryStore())
  const queue = createUploadQueue({
    ...{ store, events: silentEvents },
    uploader: { isEnabled, upload },
  })
  queue.add(PROCESS, 1)
  await queue.publish(PROCESS, 1)
  await queue.resume()
  assert.equal(queue.backlog(), 0)
  await queue.close()
})
