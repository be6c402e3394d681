/** Memory of a process that nobody else could use: pages of files, as a database maps them, are not. */
import { readFile } from 'node:fs/promises'

const ANONYMOUS = /^RssAnon:\s+(\d+) kB/m

/** Bytes; all resident ones where the system does not tell more. */
export async function ownMemoryBytes(pid: number | undefined, rssBytes: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  const found = ANONYMOUS.exec(status)?.[1]
  return found === undefined ? rssBytes : Number(found) * 1_024
}
