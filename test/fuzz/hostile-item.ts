/** Data items put together with lengths, counts and types that lie. */
import fc from 'fast-check'
import { hostileText } from './mutate.ts'

/** Type, bytes of signature, bytes of owner. */
const KINDS = [
  [1, 512, 512],
  [2, 64, 32],
  [3, 65, 65],
] as const
const WRONG_KINDS = [
  [0, 0, 0],
  [4, 64, 32],
  [5, 65, 65],
  [65_535, 512, 512],
  [1, 64, 32],
  [2, 512, 10],
] as const
const COUNTS = [0n, 1n, 2n, 3n, 127n, 128n, 129n, 1_000_000n, 2n ** 31n, 2n ** 63n, 2n ** 64n - 1n]

const anyTags: fc.Arbitrary<readonly (readonly [string, string])[]> = fc.array(
  fc.tuple(hostileText, hostileText),
  { maxLength: 6 },
)

interface Layout {
  readonly kind: readonly [type: number, signature: number, owner: number]
  readonly fill: number
  readonly flags: readonly [number, number]
  readonly tags: readonly (readonly [string, string])[]
  readonly blocks: number
  readonly lies: readonly [bigint | undefined, bigint | undefined]
  readonly data: Uint8Array
}

function anyLayout(data: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Layout> {
  const lie = fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, fc.constantFrom(...COUNTS))
  return fc.record({
    kind: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom(...KINDS) },
      fc.constantFrom(...WRONG_KINDS),
    ),
    fill: fc.nat(255),
    flags: fc.tuple(fc.constantFrom(0, 0, 0, 1, 1, 1, 2), fc.constantFrom(0, 0, 0, 1, 1, 1, 255)),
    tags: anyTags,
    blocks: fc.integer({ min: 1, max: 3 }),
    lies: fc.tuple(lie, lie),
    data,
  })
}

const leaf: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 40 })

/** An item, maybe with a bundle of items as its data, maybe cut off. */
export const anyItem: fc.Arbitrary<Uint8Array> = fc
  .letrec<{ item: Uint8Array; bundle: Uint8Array }>((tie) => ({
    item: anyLayout(fc.oneof({ depthSize: 'small', maxDepth: 4 }, leaf, tie('bundle'))).map(build),
    bundle: fc
      .tuple(
        fc.array(tie('item'), { maxLength: 3 }),
        fc.option(fc.constantFrom(...COUNTS), { nil: undefined }),
      )
      .map(([items, lie]) => bundle(items, lie)),
  }))
  .item.chain((item) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(item) },
      fc.nat(item.length).map((length) => item.subarray(0, length)),
    ),
  )

function build(layout: Layout): Uint8Array {
  const { kind, fill, flags, tags, blocks, lies, data } = layout
  const [type, signature, owner] = kind
  const [target, anchor] = flags
  const encoded = avro(tags, blocks)
  const [countLie, lengthLie] = lies
  return Buffer.concat([
    Buffer.from([type & 0xff, type >> 8]),
    Buffer.alloc(signature, fill),
    Buffer.alloc(owner, fill),
    Buffer.from([target]),
    Buffer.alloc(target === 1 ? 32 : 0, 7),
    Buffer.from([anchor]),
    Buffer.alloc(anchor === 1 ? 32 : 0, 9),
    uint64(countLie ?? BigInt(tags.length)),
    uint64(lengthLie ?? BigInt(encoded.length)),
    encoded,
    data,
  ])
}

function avro(tags: Layout['tags'], blocks: number): Buffer {
  const size = Math.max(1, Math.ceil(tags.length / blocks))
  const parts: Buffer[] = []
  for (let start = 0; start < tags.length; start += size) {
    const block = tags.slice(start, start + size)
    const bytes = Buffer.concat(block.flatMap(([name, value]) => [text(name), text(value)]))
    // A negative count is followed by the size of its block.
    if (blocks === 2) parts.push(long(-BigInt(block.length)), long(BigInt(bytes.length)))
    else parts.push(long(BigInt(block.length)))
    parts.push(bytes)
  }
  return Buffer.concat([...parts, long(0n)])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([long(BigInt(bytes.length)), bytes])
}

/** A zigzag number of variable length. */
function long(value: bigint): Buffer {
  let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  do {
    const more = rest > 127n ? 128 : 0
    bytes.push(Number(rest & 127n) | more)
    rest >>= 7n
  } while (rest > 0n)
  return Buffer.from(bytes)
}

function uint64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value))
  return bytes
}

function bundle(items: readonly Uint8Array[], lie: bigint | undefined): Uint8Array {
  const number = (value: bigint): Buffer => Buffer.concat([uint64(value), Buffer.alloc(24)])
  const heads = items.map((item) =>
    Buffer.concat([number(BigInt(item.length)), Buffer.alloc(32, item.length)]),
  )
  return Buffer.concat([number(lie ?? BigInt(items.length)), ...heads, ...items])
}
