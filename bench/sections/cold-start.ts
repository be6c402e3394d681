/** The first read of a process after the node was started, of a long schedule and of a short one. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startBenchNode } from '../children.ts'
import { runLoad } from '../http-load.ts'
import { getRequest } from '../requests.ts'
import type { Row } from '../row.ts'
import { writeSchedule } from '../schedule-fixture.ts'
import type { Section } from '../section.ts'

const SHORT = 1_000

export const benchColdStart: Section = async ({ size }) => {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-bench-'))
  try {
    const boots = size(7, 3)
    const long = size(1_000_000, 20_000)
    const paths = {
      'slot/current': () => 'slot/current',
      'its last assignment': (slots: number) => `schedule/assignments?from=${slots - 1}`,
    }
    const stores = await Promise.all(
      [SHORT, long].map(async (slots) => {
        const storePath = join(folder, `store-${slots}`)
        return { slots, storePath, processId: await writeSchedule(storePath, slots) }
      }),
    )
    const rows: Row[] = []
    for (const [name, pathOf] of Object.entries(paths)) {
      const times: number[] = []
      for (const { slots, storePath, processId } of stores) {
        times.push(await firstRead(storePath, `/${processId}/${pathOf(slots)}`, boots))
      }
      const [short = Number.NaN, figure = Number.NaN] = times
      const title = `first read of ${long} slots after the start: ${name}`
      const limit = { name: `of ${SHORT} slots`, figure: short }
      rows.push({ name: title, figure, unit: 'ms', goal: { of: 'figure', atMost: 50 } })
      rows.push({ ...{ name: `${title}, against`, figure, unit: 'ms', limit }, goal: TWICE })
    }
    return rows
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const TWICE = { of: 'ratio', atMost: 2 } as const

/** The median of some starts, in milliseconds. */
async function firstRead(storePath: string, path: string, boots: number): Promise<number> {
  const times: number[] = []
  for (let boot = 0; boot < boots; boot++) {
    const node = await startBenchNode({ options: { storePath } })
    try {
      const { latenciesMs } = await runLoad([getRequest(path)], {
        ...{ port: node.port, connections: 1, count: 1 },
      })
      times.push(latenciesMs[0] ?? Number.NaN)
    } finally {
      await node.stop()
    }
  }
  return times.sort((left, right) => left - right)[Math.floor(boots / 2)] ?? Number.NaN
}
