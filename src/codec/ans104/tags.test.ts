import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { isAoError } from '../../base/errors.ts'
import { decodeTags, sizeOfTags, type Tag, writeTags } from './tags.ts'

const EXAMPLE = '040c416374696f6e084576616c02650000'

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}

function tag(name: string, value: string | Uint8Array): Tag {
  return { name, value }
}

const anyTag = fc
  .record({
    name: fc.oneof(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
      fc.constant('n'.repeat(1024)),
    ),
    value: fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.constant('v'.repeat(3072)),
      fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.of(0xff, ...bytes)),
    ),
  })
  .map(({ name, value }) => tag(name, value))

function encodeTags(tags: readonly Tag[]): Uint8Array {
  const bytes = Buffer.alloc(sizeOfTags(tags))
  writeTags(tags, bytes, 0)
  return bytes
}

describe('writeTags()', () => {
  it('writes no bytes for no tags, and one block for others', () => {
    assert.equal(encodeTags([]).length, 0)
    const tags = [tag('Action', 'Eval'), tag('e', '')]
    assert.equal(Buffer.from(encodeTags(tags)).toString('hex'), EXAMPLE)
  })

  it('writes a length of 64 in two bytes', () => {
    const bytes = encodeTags([tag('a'.repeat(64), '')])
    assert.deepEqual(Buffer.from(bytes.subarray(1, 3)), hex('80 01'))
  })

  it('refuses what a reader would refuse', () => {
    for (const tags of [
      Array.from({ length: 129 }, () => tag('a', 'b')),
      [tag('', 'b')],
      [tag('é'.repeat(513), 'b')],
      [tag('a', 'b'.repeat(3073))],
    ]) {
      assert.throws(() => encodeTags(tags), { code: 'unencodable' })
    }
  })
})

describe('decodeTags()', () => {
  it('gives back the tags of any length and content', () => {
    fc.assert(
      fc.property(fc.array(anyTag, { maxLength: 128 }), (tags) => {
        assert.deepEqual(decodeTags(encodeTags(tags), tags.length), tags)
      }),
      { numRuns: 200 },
    )
  })

  it('reads several blocks, and blocks with a negative count and their size', () => {
    const expected = [tag('Action', 'Eval'), tag('e', '')]
    const blocks = hex('02 0c416374696f6e 084576616c 02 0265 00 00')
    assert.deepEqual(decodeTags(blocks, 2), expected)
    const sized = hex('03 20 0c416374696f6e 084576616c 0265 00 00')
    assert.throws(() => decodeTags(sized, 1), { code: 'invalid-encoding' })
    const right = hex('01 18 0c416374696f6e 084576616c 01 06 0265 00 00')
    assert.deepEqual(decodeTags(right, 2), expected)
  })

  const refused: Record<string, [bytes: string, count: number]> = {
    'another count than the item says': [EXAMPLE, 3],
    'bytes after the end': [`${EXAMPLE}00`, 2],
    'no end': [EXAMPLE.slice(0, -2), 2],
    'a cut value': ['040c416374696f6e08457661', 2],
    'a length beyond the bytes': ['02 0c61', 1],
    'a negative length': ['02 01 00 00', 1],
    'an endless length': ['ffffffffffffffffff', 1],
    'a block of another size than it says': ['01 1a 0c416374696f6e 084576616c 00', 1],
    'more than 128 tags': ['8202', 129],
    'more than 128 tags in a lying block': ['8202 0261 0261', 1],
    'an empty name': ['02 00 0261 00', 1],
    'a name that is no UTF-8': ['02 02ff 0261 00', 1],
    'a name of over 1024 bytes': [`02 8210 ${'61'.repeat(1025)} 00 00`, 1],
    'a value of over 3072 bytes': [`02 0261 8230 ${'61'.repeat(3073)} 00`, 1],
    'no tags where one was announced': ['', 1],
    'tags where none were announced': [EXAMPLE, 0],
  }
  for (const [name, [bytes, count]] of Object.entries(refused)) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decodeTags(hex(bytes), count), { code: 'invalid-encoding' })
    })
  }

  it('throws nothing but AoError for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat({ max: 130 }), (bytes, count) => {
        try {
          decodeTags(bytes, count)
        } catch (error) {
          assert.ok(isAoError(error, 'invalid-encoding'))
        }
      }),
      { numRuns: 500 },
    )
  })
})
