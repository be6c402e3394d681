/** Starts the processes of a benchmark and talks to them. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serialize } from 'node:v8'
import type { LoadOptions, LoadResult } from './http-load.ts'
import type { NodeJob, NodeUsage } from './node-child.ts'

export interface BenchNode {
  readonly url: string
  readonly port: number
  readonly pid: number | undefined
  readonly address: string
  usage(): Promise<NodeUsage>
  stop(): Promise<void>
}

export interface NodeSpec extends Partial<NodeJob> {
  /** Flags of Node for the process, such as `--cpu-prof`. */
  readonly execArgv?: readonly string[]
}

/** A node in a process of its own, by default with an RSA wallet and an LMDB store. */
export async function startBenchNode(spec: NodeSpec = {}): Promise<BenchNode> {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
  const { walletType = 'rsa-4096', options = {}, execArgv = profiling() } = spec
  const job: NodeJob = { walletType, options: { storePath: join(folder, 'store'), ...options } }
  const child = fork(new URL('./node-child.ts', import.meta.url), [JSON.stringify(job)], {
    execArgv: [...execArgv],
  })
  const { url, address } = (await answer(child)) as { url: string; address: string }
  return {
    ...{ url, address, port: Number(new URL(url).port), pid: child.pid },
    usage: () => {
      child.send('usage')
      return answer(child) as Promise<NodeUsage>
    },
    stop: async () => {
      child.send('stop')
      await once(child, 'exit')
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** With `BENCH_CPU_PROF` set to a folder, profiles of the nodes are written there. */
function profiling(): string[] {
  const folder = process.env.BENCH_CPU_PROF
  return folder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${folder}`]
}

/** Sends requests from a process of its own. */
export async function load(
  requests: readonly Uint8Array[],
  options: LoadOptions,
): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-load-'))
  const child = fork(new URL('./load-child.ts', import.meta.url), { serialization: 'advanced' })
  try {
    const file = join(folder, 'requests')
    await writeFile(file, serialize(requests))
    child.send({ ...options, file })
    const { result, error } = (await answer(child)) as { result?: LoadResult; error?: string }
    if (result === undefined) throw new Error(`The load failed: ${error}`)
    return result
  } finally {
    child.disconnect()
    await rm(folder, { recursive: true, force: true })
  }
}

async function answer(child: ChildProcess): Promise<unknown> {
  const stop = new AbortController()
  const { signal } = stop
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(([code]) => {
        throw new Error(`A process of the benchmark ended with code ${code}`)
      }),
    ])
    return message
  } finally {
    stop.abort()
  }
}
