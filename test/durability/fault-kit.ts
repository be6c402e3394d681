/** A node whose store, wallet and clock can fail, and the audit that each test of faults ends with. */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { NodeConfig } from '../../src/config/options.ts'
import type { Message } from '../../src/message/message.ts'
import type { NodeDeps, RunningNode } from '../../src/node/node.ts'
import { auditSchedule } from '../../src/scheduler/audit.ts'
import { createStoreSource, type ScheduleSource } from '../../src/scheduler/audit-source.ts'
import { createScheduleStore } from '../../src/scheduler/schedule-store.ts'
import { createFailingStore, type FailingStoreHooks } from '../../src/store/failing-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import type { Store } from '../../src/store/store.ts'
import {
  idOf,
  type keptLogger,
  post,
  signHttpsig,
  signMessage,
  spawn,
  startTestNode,
} from '../node-kit.ts'

export interface Bench {
  readonly node: RunningNode
  /** What the node writes to, without the faults. */
  readonly store: Store
  readonly processId: string
}

export interface BenchOptions {
  readonly config?: Partial<NodeConfig>
  readonly deps?: NodeDeps
  readonly hooks?: FailingStoreHooks
}

/** A node in memory with one process; faults begin only when a test says so. */
export async function startBench(t: TestContext, options: BenchOptions = {}): Promise<Bench> {
  const store = createMemoryStore()
  const faulty = createFailingStore(store, options.hooks ?? {})
  const stores = { cache: faulty, scheduler: faulty, close: () => faulty.close() }
  const node = await startTestNode(
    t,
    { signReplies: false, ...options.config },
    { stores, ...options.deps },
  )
  return { node, store, processId: await spawn(node) }
}

/** Findings of the audit, and the messages of the schedule by their slot. */
export async function audited(
  from: Store | ScheduleSource,
  processId: string,
): Promise<{ findings: string[]; ids: string[] }> {
  const findings: string[] = []
  const ids: string[] = []
  const source = 'commit' in from ? createStoreSource(createScheduleStore(from)) : from
  const audit = auditSchedule(source, processId, {
    onSlot: ({ messageId = '' }) => ids.push(messageId),
  })
  for await (const { code, slot } of audit) findings.push(`${code} ${slot}`)
  return { findings, ids }
}

export interface Answer {
  readonly id: string
  readonly status: number
  readonly slot: number
  readonly error: string | null
  readonly ms: number
}

export async function postTimed(url: string, message: Message): Promise<Answer> {
  const startedMs = performance.now()
  const { status, headers } = await post(url, message)
  return {
    id: idOf(message),
    status,
    slot: Number(headers.get('slot')),
    error: headers.get('error'),
    ms: performance.now() - startedMs,
  }
}

/** Many messages at once, of both codecs. */
export async function postMany({ node, processId }: Bench, count: number): Promise<Answer[]> {
  const messages = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      n % 4 === 0
        ? signHttpsig({ type: 'Message', target: processId, nonce: `${n} ${performance.now()}` })
        : signMessage(processId, { n }),
    ),
  )
  return Promise.all(messages.map((message) => postTimed(node.url, message)))
}

/** Every slot is acknowledged, everything acknowledged is at its slot, nothing else is there. */
export async function assertExactly(
  { store, processId }: { readonly store: Store | ScheduleSource; readonly processId: string },
  answers: readonly Answer[],
): Promise<void> {
  const { findings, ids } = await audited(store, processId)
  assert.deepEqual(findings, [])
  const told = answers.filter(({ status }) => status === 200)
  const expected = new Map(told.map(({ slot, id }) => [slot, id]))
  assert.deepEqual(
    ids.slice(1).map((id, index) => [index + 1, id]),
    [...expected].toSorted(([left], [right]) => left - right),
  )
}

type LogLines = ReturnType<typeof keptLogger>['lines']

/** Whether an error of this message was logged, or one that it caused. */
export function isLogged(lines: LogLines, message: RegExp): boolean {
  return lines.some(({ fields }) =>
    Object.values(fields).some((field) => isErrorOf(field, message)),
  )
}

function isErrorOf(value: unknown, message: RegExp): boolean {
  if (!(value instanceof Error)) return false
  return message.test(value.message) || isErrorOf(value.cause, message)
}
