/**
 * The servers of all processes: made on demand by the first request for a process, freed when they
 * have been idle. A server holds nothing but the head of its schedule, so freeing one loses nothing.
 */
import type { Clock } from '../base/clock.ts'
import { AoError } from '../base/errors.ts'
import type { Events, ServerCloseReason } from '../base/events.ts'
import type { Message } from '../message/message.ts'
import type { ProcessServer } from './server.ts'

export interface RegistryDeps {
  readonly clock: Clock
  readonly events: Events
  /** Makes the server of a process from what the store says of it. */
  readonly open: (process: Message, processId: string) => Promise<ProcessServer>
}

/** A process and its id, which is not computed anew for each request. */
export interface ProcessHandle {
  readonly processId: string
  readonly process: Message
}

export interface RegistryOptions {
  /** Servers that may be open at once; when none is idle, more are refused. */
  readonly maxOpen: number
  /** Requests for all servers together that may be under way; more are refused. */
  readonly maxPending: number
  /** A server without requests for so long is freed. */
  readonly idleMs: number
}

export interface Registry {
  /**
   * Runs `use` on the server of a process, which stays open meanwhile.
   * @throws AoError `overloaded` when `maxOpen` servers are busy or `maxPending` requests are under
   * way, `unavailable` after `close`.
   */
  withServer<T>(handle: ProcessHandle, use: (server: ProcessServer) => Promise<T>): Promise<T>
  /** The server of a process if it is open. */
  find(processId: string): ProcessServer | undefined
  openCount(): number
  /** Messages that are under way in all servers. */
  pendingCount(): number
  /** Requests that are under way, those that only wait for the answer to another one too. */
  underWay(): number
  /** Refuses new requests and resolves when those under way are answered. */
  close(): Promise<void>
}

interface Slot {
  readonly server: Promise<ProcessServer>
  opened?: ProcessServer
  users: number
  lastUsedMs: number
  /** Which move to the end of the order was that of this slot. */
  movedAt: number
}

/** Servers of the newest quarter of the order stay where they are: each move is garbage in the map. */
const RECENT_PART = 4

export function createRegistry(deps: RegistryDeps, options: RegistryOptions): Registry {
  return new ServerRegistry(deps, options)
}

class ServerRegistry implements Registry {
  readonly #deps: RegistryDeps
  readonly #options: RegistryOptions
  /** Roughly in order of their last use, the longest unused first. */
  readonly #slots = new Map<string, Slot>()
  readonly #sweeper: NodeJS.Timeout
  #isClosed = false
  #users = 0
  #moves = 0

  constructor(deps: RegistryDeps, options: RegistryOptions) {
    this.#deps = deps
    this.#options = options
    this.#sweeper = setInterval(() => this.#freeIdle(), Math.max(options.idleMs / 2, 10))
    this.#sweeper.unref()
  }

  async withServer<T>(
    handle: ProcessHandle,
    use: (server: ProcessServer) => Promise<T>,
  ): Promise<T> {
    const slot = this.#acquire(handle)
    this.#users++
    try {
      return await use(slot.opened ?? (await slot.server))
    } finally {
      this.#users--
      slot.users--
      slot.lastUsedMs = this.#deps.clock.now()
    }
  }

  find(processId: string): ProcessServer | undefined {
    return this.#slots.get(processId)?.opened
  }

  openCount(): number {
    return this.#slots.size
  }

  pendingCount(): number {
    let pending = 0
    for (const { opened } of this.#slots.values()) pending += opened?.pending() ?? 0
    return pending
  }

  underWay(): number {
    return this.#users
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweeper)
    const servers = [...this.#slots.values()].map(async ({ server }) => (await server).close())
    await Promise.allSettled(servers)
    for (const processId of [...this.#slots.keys()]) this.#free(processId, 'stopped')
  }

  #acquire(handle: ProcessHandle): Slot {
    const { processId } = handle
    if (this.#isClosed) {
      throw new AoError('unavailable', 'The node is stopping; send the request again later')
    }
    if (this.#users >= this.#options.maxPending) {
      throw new AoError('overloaded', 'Too many messages wait for their slot; try again later', {
        limit: this.#options.maxPending,
      })
    }
    const slot = this.#slots.get(processId) ?? this.#open(handle)
    this.#moveToEnd(processId, slot)
    slot.users++
    return slot
  }

  #moveToEnd(processId: string, slot: Slot): void {
    if (this.#moves - slot.movedAt < this.#options.maxOpen / RECENT_PART) return
    slot.movedAt = ++this.#moves
    this.#slots.delete(processId)
    this.#slots.set(processId, slot)
  }

  #open({ processId, process }: ProcessHandle): Slot {
    if (this.#slots.size >= this.#options.maxOpen && !this.#freeOldest()) {
      throw new AoError('overloaded', 'Too many processes are busy; try again later', {
        limit: this.#options.maxOpen,
      })
    }
    const server = this.#deps.open(process, processId)
    const slot: Slot = { server, users: 0, lastUsedMs: 0, movedAt: ++this.#moves }
    this.#slots.set(processId, slot)
    slot.server.then(
      (server) => {
        slot.opened = server
      },
      // A server that could not be opened is tried anew by the next request.
      () => {
        if (this.#slots.get(processId) === slot) this.#free(processId, 'failed')
      },
    )
    return slot
  }

  #freeOldest(): boolean {
    for (const [processId, slot] of this.#slots) {
      if (!isIdle(slot)) continue
      this.#free(processId, 'evicted')
      return true
    }
    return false
  }

  #free(processId: string, reason: ServerCloseReason): void {
    this.#slots.delete(processId)
    this.#deps.events.serverClosed({ process: processId, reason })
  }

  #freeIdle(): void {
    const before = this.#deps.clock.now() - this.#options.idleMs
    for (const [processId, slot] of this.#slots) {
      if (isIdle(slot) && slot.lastUsedMs <= before) this.#free(processId, 'idle')
    }
  }
}

function isIdle({ opened, users }: Slot): boolean {
  return users === 0 && opened?.pending() === 0
}
