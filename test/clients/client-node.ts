/**
 * What the tests with real clients share: a node in memory behind a recorder of what clients send,
 * a wallet for the clients, another than the node's, and the messages that every client schedules.
 * The clients are the npm packages as they are published; nothing of them is replaced.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import type { NodeConfig } from '../../src/config/options.ts'
import { walletFromJwk, walletToJwk } from '../../src/crypto/local-wallet.ts'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { type NodeDeps, startNode } from '../../src/node/node.ts'
import { createScheduleStore, type ScheduleStore } from '../../src/scheduler/schedule-store.ts'
import { createMemoryStore } from '../../src/store/memory-store.ts'
import { readVectorFile } from '../vectors.ts'
import { guardNetwork } from './network-guard.ts'
import { type SentRequest, startRecorder } from './recorder.ts'

export interface ClientNode {
  /** Where clients reach the node, through the recorder. */
  readonly url: string
  /** Address of the node's wallet, which is the scheduler of its processes. */
  readonly address: string
  /** The node's own schedules, as they are stored. */
  readonly schedules: ScheduleStore
  /** Every request so far, in order. */
  readonly sent: readonly SentRequest[]
}

/** Starts a node for one test, which also fails if anything in it reaches beyond this machine. */
export async function startClientNode(
  t: TestContext,
  options: Partial<NodeConfig> = {},
  deps: Pick<NodeDeps, 'devices' | 'fetch'> = {},
): Promise<ClientNode> {
  guardNetwork(t)
  const store = createMemoryStore()
  const node = await startNode(
    { host: '127.0.0.1', port: 0, storeEngine: 'memory', ...options },
    {
      wallets: [walletFromJwk(readVectorFile('wallet'))],
      stores: { cache: store, scheduler: store, close: () => store.close() },
      fetch: () => assert.fail('The node has no reason to ask a gateway'),
      ...deps,
    },
  )
  t.after(() => node.stop())
  const recorder = await startRecorder(node.url)
  t.after(() => recorder.stop())
  const { url, sent } = recorder
  return { url, sent, address: node.address, schedules: createScheduleStore(store) }
}

export interface ClientJwk {
  readonly kty: string
  readonly n: string
}

/** The wallet of the clients. */
export function clientJwk(): ClientJwk {
  const { kty = '', n = '', ...others } = walletToJwk(testWallet())
  return { ...others, kty, n }
}

export function clientAddress(): string {
  return testWallet().address
}

/** How a node signs assignments: clients read both. */
export const COMMITMENT_SPECS = ['ans104@1.0', 'httpsig@1.0'] as const

export const ONE_LINE = 'return 1 + 1'
/** Breaks headers, and is more than one byte a character. */
export const MANY_LINES = 'first line\r\nsecond line: üñí ☃ 漢字 😀\n\n'
/** No UTF-8, with all that ends a header, a part or a text. */
export const BYTES = Uint8Array.of(0, 255, 13, 10, 45, 45, 13, 10, 13, 10, 195, 40, 0, 128, 58)
