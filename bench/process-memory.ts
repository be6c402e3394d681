/**
 * Memory of a process, and what of it nobody else could use: pages of files, as a database maps
 * them, are the system's own, which takes them back when it needs them.
 */
import { readFile } from 'node:fs/promises'

export interface ProcessMemory {
  /** All resident memory where the system does not tell more. */
  readonly ownBytes: number
  /** Resident pages of files. */
  readonly fileBytes: number
}

export async function processMemory(
  pid: number | undefined,
  rssBytes: number,
): Promise<ProcessMemory> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return {
    ownBytes: bytesIn(status, /^RssAnon:\s+(\d+) kB/m) ?? rssBytes,
    fileBytes: bytesIn(status, /^RssFile:\s+(\d+) kB/m) ?? 0,
  }
}

function bytesIn(status: string, line: RegExp): number | undefined {
  const found = line.exec(status)?.[1]
  return found === undefined ? undefined : Number(found) * 1_024
}
