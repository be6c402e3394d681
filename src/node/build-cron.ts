/** The tasks of a node: cron with what it needs of the resolver, the scheduler and the wallet. */
import type { BlockClock } from '../arweave/block-clock.ts'
import type { Clock } from '../base/clock.ts'
import { AoError, isAoError } from '../base/errors.ts'
import type { Events } from '../base/events.ts'
import { commitMessage } from '../codec/commit.ts'
import { verifyMessage } from '../codec/verify.ts'
import type { NodeConfig } from '../config/options.ts'
import { type Cron, createCron } from '../cron/cron.ts'
import type { CronReply, PreparedPath } from '../cron/path-run.ts'
import type { RunResult } from '../cron/task-runner.ts'
import type { Wallet } from '../crypto/wallet.ts'
import type { Outcome } from '../device/device.ts'
import { statusOfCode } from '../http/status.ts'
import { Message } from '../message/message.ts'
import { isBinary, isInteger, type Value } from '../message/value.ts'
import { parsePath } from '../resolver/path.ts'
import type { ParsedPath } from '../resolver/path-step.ts'
import type { Resolver } from '../resolver/resolve.ts'
import type { Scheduler } from '../scheduler/scheduler.ts'
import type { Store } from '../store/store.ts'

export interface CronParts {
  readonly config: NodeConfig
  readonly wallets: readonly Wallet[]
  /** That of the schedules: a process and the note of its cron tags are written together. */
  readonly store: Store
  readonly clock: Clock
  readonly events: Events
  readonly blockClock: BlockClock
  /** Address of the operator at this moment. */
  readonly operator: () => string
  readonly resolver: () => Resolver
  readonly scheduler: () => Scheduler
}

export function buildCron(parts: CronParts): Cron {
  const { config, wallets, store, clock, events, blockClock, operator } = parts
  return createCron(
    {
      ...{ store, clock, events },
      access: {
        ...{ operator, verify: verifyMessage },
        identities: new Set(wallets.map(({ address }) => address)),
      },
      blockHeight: () => blockClock.current().height,
      paths: {
        prepare: (request) => preparePath(parts.resolver, request),
        signRequest: (request) => sign(wallets, request, 'httpsig@1.0'),
      },
      processes: processDeps(parts),
    },
    {
      access: config.cronAccess,
      processAccess: config.cronProcessAccess,
      maxTasks: config.cronMaxTasks,
      maxTasksPerOwner: config.cronMaxTasksPerOwner,
      minIntervalMs: config.cronMinIntervalMs,
      processMinIntervalMs: config.cronProcessMinIntervalMs,
      maxRuns: config.cronMaxRuns,
      runTimeoutMs: config.cronRunTimeoutMs,
      historyLength: config.cronHistory,
    },
  )
}

function processDeps({ wallets, scheduler, config }: CronParts) {
  return {
    signMessage: (message: Message) => sign(wallets, message, config.assignmentCommitment),
    readMessage: async (id: string) => {
      const message = await scheduler().store.readCommitted(id)
      return message && scheduler().store.loadAll(message)
    },
    isScheduled: async (processId: string, messageId: string) =>
      (await scheduler().store.assignmentOf(processId, messageId)) !== undefined,
    schedule: (message: Message) => schedule(scheduler(), message),
  }
}

async function schedule({ device }: Scheduler, message: Message): Promise<RunResult> {
  const request = new Message<Value>([
    ['method', 'POST'],
    ['path', 'schedule'],
    ['body', message],
  ])
  try {
    const { status, value } = await device.schedule(new Message(), request)
    return status < 400 ? { status } : { status, reason: reasonOf(value) }
  } catch (error) {
    if (isAoError(error)) return { status: statusOfCode(error.code), reason: error.message }
    throw error
  }
}

function reasonOf(value: Value): string {
  const reason = value instanceof Message ? (value.get('reason') ?? value.get('body')) : value
  return typeof reason === 'string' ? reason : 'The message was not scheduled'
}

/** A path is read once, and then only run. */
function preparePath(resolver: () => Resolver, request: Message): PreparedPath {
  let path: ParsedPath | undefined
  return () =>
    answered(async () => {
      path ??= parsePath(request)
      return resolver().resolveSteps(path, { requestId: 'cron' })
    })
}

/** What a request comes to, with the status that HTTP would give it. */
async function answered(resolve: () => Promise<Outcome>): Promise<CronReply> {
  try {
    const result = await resolve()
    if (result.kind === 'error') return { status: result.status, value: result.value }
    return { status: statusIn(result.value) ?? 200, value: result.value }
  } catch (error) {
    if (isAoError(error)) return { status: statusOfCode(error.code), value: error.message }
    throw error
  }
}

function statusIn(value: Value): number | undefined {
  const status = value instanceof Message ? value.get('status') : undefined
  if (isInteger(status)) return Number(status)
  return isBinary(status) && /^\d{3}$/.test(String(status)) ? Number(status) : undefined
}

async function sign(
  [wallet]: readonly Wallet[],
  message: Message,
  device: 'httpsig@1.0' | 'ans104@1.0',
): Promise<Message> {
  if (wallet === undefined) throw new AoError('invalid-wallet', 'Expected a node with a wallet')
  return commitMessage(message, wallet, { device })
}
