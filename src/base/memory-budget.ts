/**
 * What requests hold in memory while they are worked on: their own bytes and the messages that are
 * loaded for them. A small request can ask for much, so it is counted where it is read, on account
 * of the request around it, and given back when that request ends, however it ends.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { AoError } from './errors.ts'

export interface MemoryBudget {
  readonly usedBytes: number
  /** Runs the work of a request on an account of its own, which is cleared when the work ends. */
  run<T>(work: (account: MemoryAccount) => Promise<T>): Promise<T>
  /**
   * Counts bytes for the request that is being run; outside of one they count nowhere.
   * @throws AoError `limit-exceeded` when the request holds more than half of the budget,
   * `overloaded` when all together hold more than the budget.
   */
  hold(bytes: number): void
  /** Runs work that a request began but that others wait for, too, on nobody's account. */
  outside<T>(work: () => T): T
}

interface Account extends MemoryAccount {
  bytes: number
  /** Off once the request has ended: what goes on behind it is not counted. */
  isOpen: boolean
}

/** What one request holds. For callbacks of sockets, which run outside of the request's context. */
export interface MemoryAccount {
  /** See `MemoryBudget.hold`. */
  hold(bytes: number): void
  /** Gives back all but so many bytes; the account goes on. */
  keep(bytes: number): void
}

export function createMemoryBudget(limitBytes: number): MemoryBudget {
  const accounts = new AsyncLocalStorage<Account>()
  let used = 0
  const hold = (account: Account, bytes: number): void => {
    if (!account.isOpen) return
    if (account.bytes + bytes > limitBytes / 2) throw tooMuch(limitBytes / 2)
    if (used + bytes > limitBytes) throw overloaded()
    account.bytes += bytes
    used += bytes
  }
  const keep = (account: Account, bytes: number): void => {
    if (bytes >= account.bytes || !account.isOpen) return
    used -= account.bytes - bytes
    account.bytes = bytes
  }
  return {
    get usedBytes() {
      return used
    },
    run: async (work) => {
      const account: Account = {
        ...{ bytes: 0, isOpen: true },
        hold: (bytes) => hold(account, bytes),
        keep: (bytes) => keep(account, bytes),
      }
      try {
        return await accounts.run(account, work, account)
      } finally {
        account.isOpen = false
        used -= account.bytes
      }
    },
    hold: (bytes) => {
      const account = accounts.getStore()
      if (account !== undefined) hold(account, bytes)
    },
    outside: (work) => accounts.exit(work),
  }
}

function tooMuch(limit: number): AoError {
  return new AoError(
    'limit-exceeded',
    'The request takes more memory than one may have; send or ask for less at a time',
    { limit },
  )
}

function overloaded(): AoError {
  return new AoError(
    'overloaded',
    'The node holds as many bytes for requests as it may; try again later',
  )
}
