/** Nodes in processes of their own, to be killed. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { NodeConfig } from '../../src/config/options.ts'

export interface ChildNode {
  readonly child: ChildProcess
  readonly url: string
  readonly address: string
}

/** A node on a store that outlives it, and a free port. */
export async function startChild(
  t: TestContext,
  options: Partial<NodeConfig> & Pick<NodeConfig, 'storePath'>,
): Promise<ChildNode> {
  const config = { host: '127.0.0.1', port: 0, storeEngine: 'lmdb', ...options }
  const script = fileURLToPath(new URL('node-child.ts', import.meta.url))
  const child = spawn(process.execPath, ['--conditions=source', script, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  return { child, ...(JSON.parse(line.toString()) as { url: string; address: string }) }
}

export async function killNode({ child }: ChildNode): Promise<void> {
  const gone = once(child, 'exit')
  child.kill('SIGKILL')
  await gone
}
