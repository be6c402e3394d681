/**
 * What a node holds in memory: with many processes that all were asked for once, and while it
 * schedules as much as it can for a long time.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { testWallet } from '../../src/crypto/test-wallet.ts'
import { type BenchNode, load, startBenchNode } from '../children.ts'
import { type ProcessMemory, processMemory } from '../process-memory.ts'
import { getRequest, prepareMessages, prepareProcesses } from '../requests.ts'
import type { Row } from '../row.ts'
import { writeProcesses } from '../schedule-fixture.ts'
import type { Section } from '../section.ts'

const MEGABYTE = 1e6
const CONNECTIONS = 64
/** Idle enough for memory to be given back: a minute, and then V8 does it in steps seconds apart. */
const IDLE_MS = 85_000

export const benchMemory: Section = async ({ size }) => [
  ...(await idleRows(size(100_000, 2_000))),
  ...(await soakRows({ seconds: size(600, 20), sampleSeconds: size(10, 2) })),
]

/** Right after the start, and some time after each process was asked for once. */
async function idleRows(count: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
  const storePath = join(folder, 'store')
  try {
    const ids = await writeProcesses(storePath, count)
    const node = await startBenchNode({ options: { storePath } })
    const name = `memory, ${count} processes`
    const rows = async (when: string): Promise<Row[]> => {
      const { ownBytes, fileBytes } = await memoryOf(node)
      return [
        {
          ...{ name: `${name}, ${when}`, figure: ownBytes / MEGABYTE, unit: 'MB' },
          goal: { of: 'figure', atMost: 300 },
        },
        {
          name: `${name}, ${when}: pages of files, which the system can take back`,
          ...{ figure: fileBytes / MEGABYTE, unit: 'MB' },
        },
      ]
    }
    await load([getRequest('/health')], { port: node.port, connections: 1, count: 1 })
    const started = await rows('started and idle')
    const requests = ids.map((id) => getRequest(`/${id}/slot/current`))
    await load(requests, { port: node.port, connections: CONNECTIONS, count })
    await sleep(IDLE_MS)
    const asked = await rows('each asked for its slot, then idle')
    await node.stop()
    return [...started, ...asked]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function memoryOf(node: BenchNode): Promise<ProcessMemory> {
  const { rssBytes } = await node.usage()
  return processMemory(node.pid, rssBytes)
}

interface Soak {
  readonly seconds: number
  readonly sampleSeconds: number
}

async function soakRows({ seconds, sampleSeconds }: Soak): Promise<Row[]> {
  const node = await startBenchNode()
  try {
    const samples = await soak(node, { seconds, sampleSeconds })
    // Before a collection memory is as high as it likes: what remains after one must not grow.
    const part = Math.max(1, Math.floor(samples.length / 10))
    const early = Math.min(...samples.slice(part, part * 2))
    const late = Math.min(...samples.slice(-part))
    const name = `memory, ${seconds} s of scheduling at the peak`
    const limit = { name: 'in the second tenth', figure: early }
    return [
      { name: `${name}: most`, figure: Math.max(...samples), unit: 'MB' },
      {
        ...{ name: `${name}: in the last tenth`, figure: late, unit: 'MB', limit },
        goal: { of: 'ratio', atMost: 1.1 },
      },
    ]
  } finally {
    await node.stop()
  }
}

/** Memory at the end of each stretch of the load; messages are posted again and get new slots. */
async function soak(node: BenchNode, { seconds, sampleSeconds }: Soak): Promise<number[]> {
  const client = testWallet()
  const processes = await prepareProcesses(64, node.address, client)
  const { port } = node
  const posts = processes.map(({ request }) => request)
  await load(posts, { port, connections: CONNECTIONS, count: posts.length })
  const spec = { form: 'ans104', client, processes, salt: 'soak' } as const
  const messages = await prepareMessages(1_000, spec)
  const samples: number[] = []
  let count = 500
  for (const endMs = performance.now() + seconds * 1_000; performance.now() < endMs; ) {
    const run = await load(messages, { port, connections: CONNECTIONS, count })
    count = Math.ceil((run.requests / run.seconds) * sampleSeconds)
    samples.push((await memoryOf(node)).ownBytes / MEGABYTE)
  }
  return samples
}
