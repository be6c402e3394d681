import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createMessage } from '../message/create-message.ts'
import { parsePath } from './path.ts'

test('parsePath() keeps no request with the path that was a piece of it', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const usedBytes = (): number => {
    collect()
    return process.memoryUsage().heapUsed
  }
  const before = usedBytes()
  for (let n = 0; n < 40; n++) {
    const body = Buffer.alloc(1_000_000, `/~meta@1.0/info/a-path-of-its-own-${n} `).toString(
      'latin1',
    )
    parsePath(createMessage({ path: body.slice(0, body.indexOf(' ')) }))
  }
  assert.ok(usedBytes() - before < 10_000_000)
})
