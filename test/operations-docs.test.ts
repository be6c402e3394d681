import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { keptLogger, request, startTestNode } from './node-kit.ts'

test('every metric in docs/operations.md is one of a node', async (t) => {
  const { logger } = keptLogger()
  const { url } = await startTestNode(t, {}, { logger })
  const { text } = await request(`${url}/metrics`)
  const known = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name))
  const docs = await readFile(new URL('../docs/operations.md', import.meta.url), 'utf8')
  const named = new Set([...docs.matchAll(/\b(?:ao|process|nodejs)_\w+/g)].map(([name]) => name))
  assert.ok(named.size > 15, `${named.size} metrics`)
  assert.deepEqual(
    [...named].filter((name) => !known.has(name)),
    [],
  )
})
