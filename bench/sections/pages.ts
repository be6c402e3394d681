/** Pages of a thousand assignments, at the beginning and at the end of a long schedule. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BenchNode, load, startBenchNode } from '../children.ts'
import { getRequest } from '../requests.ts'
import type { Row } from '../row.ts'
import { writeSchedule } from '../schedule-fixture.ts'
import type { Section } from '../section.ts'

const PAGE = 1_000
const FORMS = {
  httpsig: { 'accept-bundle': 'true' },
  JSON: { 'accept-bundle': 'true', 'require-codec': 'application/json' },
  'aos-2': { accept: 'application/aos-2' },
} as const

export const benchPages: Section = async ({ size }) => {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
  const storePath = join(folder, 'store')
  try {
    const slots = size(1_000_000, 20_000)
    const processId = await writeSchedule(storePath, slots)
    const bench = { storePath, processId, count: size(30, 5), last: slots - PAGE }
    return [...(await keptRows(bench)), ...(await freshRows(bench))]
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface PageBench {
  readonly storePath: string
  readonly processId: string
  /** Pages of each kind that are read. */
  readonly count: number
  /** First slot of the last page. */
  readonly last: number
}

type Form = keyof typeof FORMS

/** A page that has been asked for before. */
async function keptRows(bench: PageBench): Promise<Row[]> {
  const node = await startBenchNode({ options: { storePath: bench.storePath } })
  try {
    const rows: Row[] = []
    for (const form of Object.keys(FORMS) as Form[]) {
      await readPages(node, bench, { form, from: 0 })
      const { firstByteMs, megabytesPerSecond } = await readPages(node, bench, { form, from: 0 })
      const name = `page of ${PAGE}, ${form}`
      rows.push(
        {
          ...{ name: `${name}: first byte`, figure: firstByteMs, unit: 'ms' },
          goal: { of: 'figure', atMost: 20 },
        },
        {
          ...{ name: `${name}: rate`, figure: megabytesPerSecond, unit: 'MB/s' },
          goal: { of: 'figure', atLeast: 40 },
        },
      )
    }
    return rows
  } finally {
    await node.stop()
  }
}

/** The same of a node that keeps nothing: each page is read from the store and made. */
async function freshRows(bench: PageBench): Promise<Row[]> {
  const { storePath, last } = bench
  const node = await startBenchNode({ options: { storePath, pageCacheBytes: 0 } })
  try {
    const rows: Row[] = []
    for (const form of Object.keys(FORMS) as Form[]) {
      await readPages(node, bench, { form, from: 0 })
      const first = await readPages(node, bench, { form, from: 0 })
      const end = await readPages(node, bench, { form, from: last })
      const name = `page of ${PAGE}, ${form}, nothing kept`
      const limit = { name: 'page 1', figure: first.cpuMs }
      rows.push(
        { name: `${name}: first byte`, figure: first.firstByteMs, unit: 'ms' },
        {
          ...{ name: `${name}: rate`, figure: first.megabytesPerSecond, unit: 'MB/s' },
          goal: { of: 'figure', atLeast: 40 },
        },
        {
          ...{ name: `${name}: CPU at slot ${last}`, figure: end.cpuMs, unit: 'ms', limit },
          goal: { of: 'ratio', atMost: 1.5 },
        },
      )
    }
    return rows
  } finally {
    await node.stop()
  }
}

interface PageRead {
  /** The median. */
  readonly firstByteMs: number
  readonly megabytesPerSecond: number
  /** Processor time of the node for a page. */
  readonly cpuMs: number
}

async function readPages(
  node: BenchNode,
  { processId, count }: PageBench,
  { form, from }: { readonly form: Form; readonly from: number },
): Promise<PageRead> {
  const path = `/${processId}/schedule?from=${from}&to=${from + PAGE - 1}`
  const before = await node.usage()
  const result = await load([getRequest(path, FORMS[form])], {
    ...{ port: node.port, connections: 1, count },
  })
  const after = await node.usage()
  return {
    firstByteMs: result.firstByteMs[Math.floor(count / 2)] ?? Number.NaN,
    megabytesPerSecond: result.bytes / 1e6 / result.seconds,
    cpuMs: (after.cpuMs - before.cpuMs) / count,
  }
}
