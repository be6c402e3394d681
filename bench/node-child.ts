/** The process of the node under load: starts it, tells what it has used, stops it. */
import type { NodeConfig } from '../src/config/options.ts'
import { generateWallet } from '../src/crypto/local-wallet.ts'
import { testWallet } from '../src/crypto/test-wallet.ts'
import type { WalletType } from '../src/crypto/wallet.ts'
import { saveMemoryWhenIdle } from '../src/node/idle-memory.ts'
import { startNode } from '../src/node/node.ts'
import { keepObjectsYoung } from '../src/node/young-objects.ts'

export interface NodeJob {
  readonly walletType: WalletType
  readonly options: Partial<NodeConfig>
}

export interface NodeUsage {
  /** Processor time of all threads since the process began. */
  readonly cpuMs: number
  readonly rssBytes: number
}

// As the command line does.
keepObjectsYoung()
const { walletType, options } = JSON.parse(process.argv[2] ?? '{}') as NodeJob
const wallet = walletType === 'rsa-4096' ? testWallet() : await generateWallet(walletType)
const node = await startNode({ host: '127.0.0.1', port: 0, ...options }, { wallets: [wallet] })
saveMemoryWhenIdle()

process.on('message', async (command: 'usage' | 'stop') => {
  if (command === 'stop') {
    await node.stop()
    process.exit()
  }
  const { user, system } = process.cpuUsage()
  const usage: NodeUsage = { cpuMs: (user + system) / 1_000, rssBytes: process.memoryUsage.rss() }
  process.send?.(usage)
})
process.on('disconnect', () => process.exit())
process.send?.({ url: node.url, address: node.address })
