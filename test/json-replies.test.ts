/** JSON replies of real nodes: read as messages and written again, they must be the same text. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { decodeJson, encodeJson } from '../src/codec/json.ts'
import { readCaptures, readVectorFile } from './vectors.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/** Members beyond this number stand in no order that can be reproduced. */
const SORTED_MEMBERS = 32

describe('JSON replies of real nodes', () => {
  const replies = collectReplies()

  it('are enough to mean something', () => {
    assert.ok(replies.length >= 15, `got ${replies.length}`)
  })

  it('survive decodeJson() and encodeJson(), but for commitments of nested messages by hmac', () => {
    for (const reply of replies) {
      const written = encodeJson(decodeJson(reply), { bundle: true })
      const expected = withoutNestedHmacs(JSON.parse(reply), 0)
      assert.deepEqual(JSON.parse(written), expected)
      if (JSON.stringify(expected) === JSON.stringify(JSON.parse(reply))) {
        assert.equal(written, reply)
      }
    }
  })
})

/**
 * The texts of all recorded messages: no aos-2 pages, which hold bare booleans, and no messages with
 * the commitments of older clients, which name no type.
 */
function collectReplies(): string[] {
  const texts = new Set<string>()
  const recorded = [readVectorFile('http/posts'), readVectorFile('http/gets'), readCaptures()]
  for (const part of recorded) collectTexts(part, texts)
  return [...texts].filter((text) => {
    const json = parseObject(text)
    if (json === undefined || Object.keys(json).length > SORTED_MEMBERS) return false
    return !('page_info' in json) && !text.includes('"alg":"')
  })
}

function collectTexts(value: unknown, texts: Set<string>): void {
  if (typeof value === 'string') {
    if (value.startsWith('{') && value.length > 2) texts.add(value)
  } else if (typeof value === 'object' && value !== null) {
    for (const item of Object.values(value)) collectTexts(item, texts)
  }
}

function parseObject(text: string): object | undefined {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? json : undefined
  } catch {
    return undefined
  }
}

/** What stays when nested messages show signed commitments only: nobody sent the others. */
function withoutNestedHmacs(json: Json, depth: number): Json {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json
  const entries = Object.entries(json).map(([key, value]) => {
    const kept = key === 'commitments' && depth > 0 ? signedOnly(value) : value
    return [key, withoutNestedHmacs(kept, depth + 1)] as const
  })
  return Object.fromEntries(
    entries.filter(([key, value]) => key !== 'commitments' || !isEmpty(value)),
  )
}

function signedOnly(commitments: Json): Json {
  return Object.fromEntries(
    Object.entries(commitments ?? {}).filter(([, commitment]) => 'committer' in Object(commitment)),
  )
}

function isEmpty(value: Json): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
