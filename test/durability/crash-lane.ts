/**
 * One store and the nodes that live on it one after the other: each is killed at a random moment,
 * while it starts, under load, or while it stops. The next one must have everything that the ones
 * before acknowledged, and nothing that they refused.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher } from 'undici'
import type { NodeConfig } from '../../src/config/options.ts'
import { messageId } from '../../src/message/id.ts'
import type { Message } from '../../src/message/message.ts'
import { openSource } from '../../src/node/schedule-source.ts'
import { auditSchedule } from '../../src/scheduler/audit.ts'
import type { ScheduleSource } from '../../src/scheduler/audit-source.ts'
import { type CrashChild, type StartedNode, startChild } from './crash-child.ts'
import { type CrashClient, post, postAgain, postMessages, signItem } from './crash-client.ts'
import { CrashLedger } from './crash-ledger.ts'
import type { Random } from './crash-random.ts'

export interface LaneOptions {
  readonly name: string
  readonly config: Partial<NodeConfig>
  /** Whether the mode promises that what is acknowledged is durable. */
  readonly isDurable: boolean
  /** Whether clients post again what was not answered; it must still be there once. */
  readonly postsAgain: boolean
}

export interface LaneParts {
  readonly folder: string
  readonly cacheFolder: string
  readonly random: Random
  /** Aborted when another lane has failed. */
  readonly signal: AbortSignal
  readonly onKill: () => void
}

/** When a node was killed. */
export type Moment = 'start' | 'load' | 'stop'

export interface LaneReport {
  readonly kills: Record<Moment, number>
  readonly acknowledged: number
  readonly refused: number
  readonly uncertain: number
  readonly slots: number
}

const PROCESSES = 3
const CLIENTS = 2
const MESSAGES = 20
/** A node is killed, or asked to stop, after up to so many answers and then at a random moment. */
const MAX_ANSWERS = 40
const LOAD_MS = 20
/** As long as a node takes to start, and to stop under this load. */
const START_MS = 600
const STOP_MS = 60

export async function runLane(
  options: LaneOptions,
  kills: number,
  parts: LaneParts,
): Promise<LaneReport> {
  const lane = new CrashLane(options, parts)
  await lane.open()
  for (let n = 0; n < kills; ) {
    if (!(await lane.round())) continue
    n++
    parts.onKill()
  }
  await lane.end()
  return lane.report()
}

class CrashLane {
  readonly #options: LaneOptions
  readonly #parts: LaneParts
  readonly #storePath: string
  readonly #ledgers: CrashLedger[] = []
  readonly #unanswered = new Map<CrashLedger, Message[]>()
  readonly #kills: Record<Moment, number> = { start: 0, load: 0, stop: 0 }

  constructor(options: LaneOptions, parts: LaneParts) {
    this.#options = options
    this.#parts = parts
    this.#storePath = join(parts.folder, options.name)
  }

  /** The first start is a whole one: it makes the store, the processes, and the cache of code. */
  async open(): Promise<void> {
    const child = this.#start()
    const node = await required(child)
    for (let n = 0; n < PROCESSES; n++) await this.#spawn(node, n)
    child.askToStop()
    assert.equal(await child.exited, 0)
  }

  /** One life of a node; gives whether it was ended by a kill. */
  async round(): Promise<boolean> {
    const { random } = this.#parts
    const moment = chooseMoment(random)
    const child = this.#start()
    if (moment === 'start') {
      await sleep(random.next() * START_MS)
      return this.#killed(moment, await child.kill())
    }
    const node = await required(child)
    await this.#audit(node)
    const dispatcher = new Agent()
    const posting = this.#post(node, dispatcher)
    await this.#answers(random.below(MAX_ANSWERS), posting)
    await sleep(random.next() * LOAD_MS)
    if (moment === 'stop') {
      child.askToStop()
      await sleep(random.next() * STOP_MS)
    }
    const isKilled = await child.kill()
    await posting
    await dispatcher.destroy()
    return this.#killed(moment, isKilled)
  }

  /** The last node stops in peace; then everything is audited from the first slot, in its store. */
  async end(): Promise<void> {
    const child = this.#start()
    await this.#audit(await required(child))
    child.askToStop()
    assert.equal(await child.exited, 0, 'a node that is asked to stop ends well')
    await using opened = await openSource({ kind: 'store', path: this.#storePath })
    for (const ledger of this.#ledgers) await this.#auditOne(opened.source, ledger.again(), 1)
  }

  report(): LaneReport {
    const sum = (count: (ledger: CrashLedger) => number): number =>
      this.#ledgers.reduce((total, ledger) => total + count(ledger), 0)
    return {
      kills: this.#kills,
      acknowledged: sum(({ acknowledged }) => acknowledged.size),
      refused: sum(({ refused }) => refused.size),
      uncertain: sum(({ uncertain }) => uncertain.size),
      slots: sum(({ slots }) => slots),
    }
  }

  #start(): CrashChild {
    const config = { ...this.#options.config, storePath: this.#storePath }
    const { cacheFolder, signal } = this.#parts
    return startChild({ config, cacheFolder, signal })
  }

  #killed(moment: Moment, isKilled: boolean): boolean {
    if (isKilled) this.#kills[moment]++
    return isKilled
  }

  async #spawn(node: StartedNode, n: number): Promise<void> {
    const content = { type: 'Process', device: 'process@1.0', scheduler: node.address, n }
    const message = await signItem(content)
    const ledger = new CrashLedger(messageId(message, 'all'))
    this.#ledgers.push(ledger)
    this.#unanswered.set(ledger, [])
    const dispatcher = new Agent()
    await post(this.#client(node, ledger, dispatcher), message)
    await dispatcher.close()
    assert.equal(ledger.acknowledged.size, 1, 'a process is scheduled')
  }

  #client(node: StartedNode, ledger: CrashLedger, dispatcher: Dispatcher): CrashClient {
    const unanswered = this.#unanswered.get(ledger) ?? []
    return { url: node.url, dispatcher, ledger, unanswered, random: this.#parts.random }
  }

  /** Several clients for each process at once. */
  async #post(node: StartedNode, dispatcher: Dispatcher): Promise<void> {
    const clients = this.#ledgers.flatMap((ledger) =>
      Array.from({ length: CLIENTS }, () => this.#client(node, ledger, dispatcher)),
    )
    await Promise.all(
      clients.map(async (client) => {
        if (this.#options.postsAgain) await postAgain(client)
        else client.unanswered.splice(0)
        await postMessages(client, MESSAGES)
      }),
    )
  }

  /** Resolves when so many messages more are acknowledged, or all posting has ended. */
  async #answers(count: number, posting: Promise<void>): Promise<void> {
    const answered = (): number =>
      this.#ledgers.reduce((sum, { acknowledged }) => sum + acknowledged.size, 0)
    const enough = answered() + count
    const done = posting.then(() => true)
    while (answered() < enough && !(await Promise.race([done, sleep(2, false)])));
  }

  async #audit({ url }: StartedNode): Promise<void> {
    await using opened = await openSource({ kind: 'node', url })
    for (const ledger of this.#ledgers) await this.#auditOne(opened.source, ledger, 4)
  }

  async #auditOne(source: ScheduleSource, ledger: CrashLedger, readEvery: number): Promise<void> {
    const { processId, state } = ledger
    const audit = auditSchedule(source, processId, {
      ...(state === undefined ? {} : { after: state }),
      readEvery,
      onSlot: (slot) => ledger.place(slot),
    })
    for await (const { code, slot, message } of audit) {
      assert.fail(`${this.#options.name}: slot ${slot}: ${code}: ${message}`)
    }
    const head = await source.head(processId)
    assert.equal(head?.slot, ledger.slots - 1, 'the head is the last slot')
    if (this.#options.isDurable) ledger.assertNothingLost()
  }
}

function chooseMoment(random: Random): Moment {
  if (random.isLuckyOnceIn(3)) return 'start'
  return random.isLuckyOnceIn(3) ? 'stop' : 'load'
}

async function required({ ready }: CrashChild): Promise<StartedNode> {
  const node = await ready
  assert.ok(node, 'a node starts on what a killed one left')
  return node
}
