/** Writes the schedule of a process from a store or a node to a file or a stream. */
import { open, rename, rm } from 'node:fs/promises'
import { exportBundle, exportLines } from '../scheduler/export-schedule.ts'
import { openSource, type SchedulePlace } from './schedule-source.ts'

export type ArchiveFormat = 'jsonl' | 'ans104'

export interface ExportCommand {
  readonly processId: string
  readonly format: ArchiveFormat
  readonly from?: number
  readonly to?: number
  /** The file; without it the chunks go to `write`. */
  readonly output?: string
  readonly write: (chunk: string | Uint8Array) => Promise<void>
  readonly onSlot: (slot: number, last: number) => void
}

/** Gives the number of slots. @throws AoError see `exportLines` and `exportBundle`. */
export async function exportSchedule(
  place: SchedulePlace,
  { output, ...options }: ExportCommand,
): Promise<number> {
  await using opened = await openSource(place)
  const run = (write: ExportCommand['write']): Promise<number> =>
    options.format === 'jsonl'
      ? exportLines(opened.source, { ...options, write })
      : exportBundle(opened.source, { ...options, write })
  // Awaited here: the source is closed when this function ends.
  return await (output === undefined ? run(options.write) : intoFile(output, run))
}

/** The file is there when it is whole and durable, not before. */
async function intoFile(
  path: string,
  run: (write: ExportCommand['write']) => Promise<number>,
): Promise<number> {
  const part = `${path}.part`
  const file = await open(part, 'w')
  try {
    const slots = await run(async (chunk) => {
      await file.appendFile(chunk)
    })
    await file.sync()
    await file.close()
    await rename(part, path)
    return slots
  } catch (error) {
    await file.close()
    await rm(part, { force: true })
    throw error
  }
}
