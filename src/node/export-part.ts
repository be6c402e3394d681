/** What an export of JSON lines that was broken off left of its file: where another one goes on. */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { isAoError } from '../base/errors.ts'
import { parseHeaderLine, parseSlotLine } from '../scheduler/archive-line.ts'

export interface ExportPart {
  /** Of the lines that are whole. */
  readonly sizeBytes: number
  /** The slot that the file is to end with. */
  readonly to: number
  /** The last slot that is in it. */
  readonly last: number
}

export interface WantedExport {
  readonly processId: string
  readonly from?: number
  readonly to?: number
}

/** `undefined` where nothing is there, or something else than the beginning of what is wanted. */
export async function findPart(
  path: string,
  wanted: WantedExport,
): Promise<ExportPart | undefined> {
  try {
    const { header, last, ...lines } = await readEnds(path)
    if (lines.count < 2) return undefined
    const { processId, from, to } = parseHeaderLine(header)
    const { slot } = parseSlotLine(last)
    const { from: wantedFrom = 0, to: wantedTo = to } = wanted
    const isWanted = processId === wanted.processId && from === wantedFrom && to === wantedTo
    const isWhole = slot - from + 1 === lines.count - 1 && slot <= to
    return isWanted && isWhole ? { sizeBytes: lines.sizeBytes, to, last: slot } : undefined
  } catch (error) {
    if (isMissing(error) || isAoError(error, 'invalid-encoding')) return undefined
    throw error
  }
}

interface Ends {
  readonly header: string
  readonly last: string
  readonly count: number
  readonly sizeBytes: number
}

const LINE_FEED = 0x0a

/** First and last whole line of a file. */
async function readEnds(path: string): Promise<Ends> {
  let [count, at, headerBytes, before, sizeBytes] = [0, 0, 0, 0, 0]
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
    const bytes = chunk as Buffer
    for (let i = bytes.indexOf(LINE_FEED); i >= 0; i = bytes.indexOf(LINE_FEED, i + 1)) {
      before = sizeBytes
      sizeBytes = at + i + 1
      if (count++ === 0) headerBytes = sizeBytes
    }
    at += bytes.length
  }
  const file = await open(path)
  try {
    const header = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0)
    const length = sizeBytes - before
    const last = await file.read(Buffer.alloc(length), 0, length, before)
    return { header: header.buffer.toString(), last: last.buffer.toString(), count, sizeBytes }
  } finally {
    await file.close()
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}
