/**
 * The write-ahead journal of the file engine. A record holds all writes of one commit with their
 * values; when it is flushed, the commit is decided, whatever happens to the files. Records are a
 * length and a CRC-32, four bytes each, and the writes (`journal-record.ts`).
 */
import { constants, type FileHandle, open } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { boundOfWrites, decodeWrites, encodeWrites } from './journal-record.ts'
import type { StoreWrite } from './store.ts'

const HEAD_BYTES = 8

/** One process has it open at a time; one call runs at a time. */
export class FsJournal {
  readonly #file: FileHandle
  #sizeBytes = 0
  #isTorn = false

  constructor(file: FileHandle) {
    this.#file = file
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Whether a record could neither be written nor be taken back: nothing may be appended then. */
  get isTorn(): boolean {
    return this.#isTorn
  }

  /** The writes of all whole records, in order. What follows a broken record was never decided. */
  async read(): Promise<StoreWrite[][]> {
    const bytes = await this.#file.readFile()
    const records: StoreWrite[][] = []
    let payload = payloadAt(bytes, 0)
    while (payload !== undefined) {
      records.push(decodeWrites(payload))
      this.#sizeBytes += HEAD_BYTES + payload.length
      payload = payloadAt(bytes, this.#sizeBytes)
    }
    return records
  }

  /** Resolves when the record is on the disk; rejects when it is not, also not in part. */
  async append(writes: readonly StoreWrite[]): Promise<void> {
    const start = this.#sizeBytes
    const bytes = Buffer.alloc(HEAD_BYTES + boundOfWrites(writes))
    const record = bytes.subarray(0, encodeWrites(writes, bytes, HEAD_BYTES))
    const payload = record.subarray(HEAD_BYTES)
    record.writeUInt32LE(payload.length, 0)
    record.writeUInt32LE(crc32(payload), 4)
    try {
      await this.#write(record, start)
      await this.#file.datasync()
      this.#sizeBytes = start + record.length
    } catch (error) {
      await this.truncate(start)
      throw error
    }
  }

  /** Takes back every record from `sizeBytes` on. */
  async truncate(sizeBytes: number): Promise<void> {
    try {
      await this.#file.truncate(sizeBytes)
      await this.#file.datasync()
      this.#sizeBytes = sizeBytes
    } catch (error) {
      this.#isTorn = true
      throw error
    }
  }

  async close(): Promise<void> {
    await this.#file.close()
  }

  async #write(bytes: Buffer, position: number): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file.write(
        bytes,
        written,
        bytes.length - written,
        position + written,
      )
      written += bytesWritten
    }
  }
}

export async function openFsJournal(path: string): Promise<FsJournal> {
  return new FsJournal(await open(path, constants.O_RDWR | constants.O_CREAT, 0o644))
}

function payloadAt(bytes: Buffer, start: number): Buffer | undefined {
  if (bytes.length < start + HEAD_BYTES) return undefined
  const end = start + HEAD_BYTES + bytes.readUInt32LE(start)
  const payload = bytes.subarray(start + HEAD_BYTES, end)
  if (end > bytes.length || payload.length === 0) return undefined
  return crc32(payload) === bytes.readUInt32LE(start + 4) ? payload : undefined
}
