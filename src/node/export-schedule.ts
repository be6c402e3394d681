/** Writes the schedule of a process from a store or a node to a file or a stream. */
import { open, rename, rm, truncate } from 'node:fs/promises'
import { exportBundle, exportLines } from '../scheduler/export-schedule.ts'
import { type ExportPart, findPart } from './export-part.ts'
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

/**
 * Gives the number of slots. Broken off, an export of JSON lines to a file goes on where it stood
 * when it is run again.
 * @throws AoError see `exportLines` and `exportBundle`.
 */
export async function exportSchedule(
  place: SchedulePlace,
  { output, ...options }: ExportCommand,
): Promise<number> {
  await using opened = await openSource(place)
  const run: RunExport = (write, part) => {
    const resumed = part === undefined ? {} : { to: part.to, after: part.last }
    return options.format === 'jsonl'
      ? exportLines(opened.source, { ...options, ...resumed, write })
      : exportBundle(opened.source, { ...options, write })
  }
  // Awaited here: the source is closed when this function ends.
  return await (output === undefined ? run(options.write) : intoFile(output, options, run))
}

type RunExport = (write: ExportCommand['write'], part?: ExportPart) => Promise<number>

/** The file is there when it is whole and durable, not before. */
async function intoFile(
  path: string,
  options: Omit<ExportCommand, 'output'>,
  run: RunExport,
): Promise<number> {
  const part = `${path}.part`
  const isResumable = options.format === 'jsonl'
  const found = isResumable ? await findPart(part, options) : undefined
  if (found !== undefined) await truncate(part, found.sizeBytes)
  const file = await open(part, found === undefined ? 'w' : 'a')
  try {
    const slots = await run(async (chunk) => {
      await file.appendFile(chunk)
    }, found)
    await file.sync()
    await file.close()
    await rename(part, path)
    return slots
  } catch (error) {
    const { size } = await file.stat()
    await file.close()
    if (size === 0 || !isResumable) await rm(part, { force: true })
    throw error
  }
}
