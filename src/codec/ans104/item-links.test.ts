import assert from 'node:assert/strict'
import { test } from 'node:test'
import { signItem } from '../../../test/node-kit.ts'
import { createMessage } from '../../message/create-message.ts'
import { Message } from '../../message/message.ts'
import { isList, Link, type Value } from '../../message/value.ts'
import { decodeAns104, encodeAns104 } from './ans104.ts'
import { createItem } from './data-item.ts'
import { linksOfItem } from './item-links.ts'
import type { Tag } from './tags.ts'

const ID = 'A'.repeat(43)
const OTHER = 'B'.repeat(43)

/** The links of the message that the item is. */
function linksIn(value: Value): string[] {
  if (value instanceof Link) return [value.id]
  if (isList(value)) return value.flatMap(linksIn)
  return value instanceof Message ? [...value].flatMap(([, item]) => linksIn(item)) : []
}

const itemOf = (tags: readonly Tag[], data = ''): Uint8Array =>
  createItem({ tags, data: Buffer.from(data) }).bytes

const ITEMS: Readonly<Record<string, Uint8Array>> = {
  'without links': itemOf([{ name: 'a', value: 'b' }]),
  'with a link': itemOf([{ name: 'a+link', value: ID }]),
  'in capitals': itemOf([{ name: 'A+LINK', value: ID }]),
  'with a Kelvin sign': itemOf([{ name: 'a+lin\u212a', value: ID }]),
  'with a key beside its link': itemOf([
    { name: 'a+link', value: ID },
    { name: 'a', value: 'b' },
  ]),
  'with a link twice': itemOf([
    { name: 'a+link', value: ID },
    { name: 'A+link', value: OTHER },
  ]),
  'with data under the key of a link': itemOf([{ name: 'data+link', value: ID }], 'text'),
  'with the mark in a value': itemOf([{ name: 'a', value: 'b+link' }]),
}

for (const [what, bytes] of Object.entries(ITEMS)) {
  test(`linksOfItem() of an item ${what} are those of its message`, () => {
    assert.deepEqual(linksOfItem(bytes), linksIn(decodeAns104(Uint8Array.from(bytes))))
  })
}

test('linksOfItem() finds the links of items inside', async () => {
  const nested = createMessage({ deep: { 'k+link': ID } })
  const bytes = encodeAns104(await signItem({ nested, 'x+link': OTHER }), { bundle: true })
  assert.deepEqual(linksOfItem(bytes), linksIn(decodeAns104(Uint8Array.from(bytes))))
})
