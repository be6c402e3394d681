/** The process of the load generator: reads jobs from its parent, answers each with its result. */
import { readFile } from 'node:fs/promises'
import { deserialize } from 'node:v8'
import { type LoadOptions, runLoad } from './http-load.ts'

export interface LoadJob extends LoadOptions {
  /** File with the prepared requests, an array of bytes as `v8.serialize` writes it. */
  readonly file: string
}

process.on('message', async (job: LoadJob) => {
  try {
    const requests = deserialize(await readFile(job.file)) as Uint8Array[]
    process.send?.({ result: await runLoad(requests, job) })
  } catch (error) {
    process.send?.({ error: String(error) })
  }
})
process.on('disconnect', () => process.exit())
