import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { splitLines } from './lines.ts'

async function linesOf(...chunks: (Uint8Array | string)[]): Promise<string[]> {
  const lines: string[] = []
  for await (const line of splitLines(Readable.from(chunks))) lines.push(line)
  return lines
}

test('splitLines() gives lines across chunks, also inside of a character', async () => {
  const bytes = Buffer.from('ä\nbö\r\n\nlast')
  const single = [...bytes].map((byte) => Uint8Array.of(byte))
  assert.deepEqual(await linesOf(...single), ['ä', 'bö', '', 'last'])
  assert.deepEqual(await linesOf(bytes), ['ä', 'bö', '', 'last'])
  assert.deepEqual(await linesOf('a', 'b\nc', '\n'), ['ab', 'c'])
  assert.deepEqual(await linesOf(), [])
})

test('splitLines() leaves separators of JavaScript inside of a line', async () => {
  const json = JSON.stringify({ text: 'a\u2028b\u2029c\r' })
  assert.deepEqual(await linesOf(`${json}\n`), [json])
})
