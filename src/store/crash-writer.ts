/**
 * Test aid, run as a process of its own: opens the store described by its first argument and writes
 * batches until it is killed, a line for each one that was acknowledged. Each batch is a value, a
 * link to it by its number, and the number as the last one.
 */
import { openStore, type StoreSpec } from './open-store.ts'
import type { StoreWrite } from './store.ts'

const PARALLEL = 16

const store = await openStore(JSON.parse(process.argv[2] ?? '') as StoreSpec)
process.stdout.write('open\n')
let next = 0

async function write(): Promise<never> {
  for (;;) {
    const number = next++
    await store.commit(batchOf(number))
    process.stdout.write(`${number}\n`)
  }
}

function batchOf(number: number): StoreWrite[] {
  const content = Buffer.from(String(number))
  const path = `values/${Math.imul(number, 2_654_435_761) >>> 0}`
  return [
    { kind: 'value', path, value: Buffer.alloc(2_000, content) },
    { kind: 'link', path: `numbers/${String(number).padStart(8, '0')}`, target: path },
    { kind: 'value', path: 'last', value: content },
  ]
}

await Promise.all(Array.from({ length: PARALLEL }, write))
