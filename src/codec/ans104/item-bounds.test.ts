import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Message } from '../../message/message.ts'
import { encodeBundle, MAX_ITEMS } from './bundle.ts'
import { createItem, type DataItem } from './data-item.ts'
import { itemToMessage, MAX_ITEM_DEPTH } from './item-to-message.ts'

const LEAF = createItem({ tags: [{ name: 'a', value: 'b' }], data: new Uint8Array() })

function bundleOf(items: readonly DataItem[]): DataItem {
  const tags = [
    { name: 'bundle-format', value: 'binary' },
    { name: 'bundle-version', value: '2.0.0' },
  ]
  const data = encodeBundle(items.map(({ bytes }) => ({ id: new Uint8Array(32), item: bytes })))
  return createItem({ tags, data })
}

function many(count: number): DataItem[] {
  return Array.from({ length: count }, () => LEAF)
}

test('an item with too many levels of items is refused', () => {
  let item = LEAF
  for (let level = 0; level < MAX_ITEM_DEPTH; level++) item = bundleOf([item])
  assert.ok(itemToMessage(item).get('1') instanceof Message)
  assert.throws(() => itemToMessage(bundleOf([item])), { code: 'limit-exceeded' })
})

test('an item with too many items is refused, in one bundle or in all of them', () => {
  const half = bundleOf(many(MAX_ITEMS / 2))
  assert.equal(itemToMessage(half).size, MAX_ITEMS / 2)
  assert.throws(() => itemToMessage(bundleOf([half, half])), { code: 'limit-exceeded' })
  assert.throws(() => itemToMessage(bundleOf(many(MAX_ITEMS + 1))), { code: 'limit-exceeded' })
})
