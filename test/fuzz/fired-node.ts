/** A node that the fuzzer fires at: with real HTTP, a real store, and messages that lead nowhere. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isAoError } from '../../src/base/errors.ts'
import { generateWallet } from '../../src/crypto/local-wallet.ts'
import type { Wallet } from '../../src/crypto/wallet.ts'
import { startNode } from '../../src/node/node.ts'
import { verifySchedules } from '../../src/node/verify-schedules.ts'
import { openLmdbStore } from '../../src/store/lmdb-store.ts'
import { keptLogger } from '../node-kit.ts'
import { writeHostile } from './hostile-store.ts'

export interface FiredNode {
  readonly url: string
  readonly port: number
  readonly address: string
  /** Of the node and its operator. */
  readonly wallet: Wallet
  /** @throws AssertionError when the node met an error of its own since it was asked last */
  assertCalm(): void
  /**
   * Stops the node and audits all that it scheduled.
   * @throws AssertionError when anything of it does not verify
   */
  close(): Promise<string>
}

export async function startFiredNode(): Promise<FiredNode> {
  const storePath = await mkdtemp(join(tmpdir(), 'ao-scheduler-fired-'))
  const store = await openLmdbStore({ path: storePath })
  await writeHostile(store)
  await store.close()
  const log = keptLogger()
  const wallet = await generateWallet('ed25519')
  const node = await startNode(
    { host: '127.0.0.1', port: 0, storeEngine: 'lmdb', storePath, cronAccess: 'open' },
    { wallets: [wallet], logger: log.logger },
  )
  const { url, address } = node
  return {
    ...{ url, address, wallet, port: Number(new URL(url).port) },
    assertCalm: () => {
      const failed = log.lines.splice(0).filter(({ message }) => message === 'Request failed')
      // Recorded messages name schedulers that nobody reaches; processes may wait for themselves.
      const expected = ['remote-failed', 'infinite-recursion'] as const
      assert.deepEqual(
        failed.filter(({ fields }) => !isAoError(fields.error, ...expected)),
        [],
      )
    },
    close: async () => {
      await node.stop()
      const audited = await audit(storePath)
      await rm(storePath, { recursive: true, force: true })
      return audited
    },
  }
}

async function audit(storePath: string): Promise<string> {
  const wrong: unknown[] = []
  const { processes, slots } = await verifySchedules(
    { kind: 'store', path: storePath },
    {
      processes: [],
      onFinding: async (process, finding) => {
        if (finding.severity !== 'note') wrong.push({ process, finding })
      },
      onSlot: () => undefined,
    },
  )
  assert.deepEqual(wrong, [])
  return `${slots} slots of ${processes} processes audited`
}
