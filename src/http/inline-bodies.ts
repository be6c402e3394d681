/**
 * Bodies with messages inline that are linked in what is sent and have forms of their own. They are
 * made a few at a time, so that a large body keeps nobody waiting, and sent as they are made where
 * no header depends on the whole: JSON has no digest, multipart has one and its boundary besides.
 */
import { setImmediate } from 'node:timers/promises'
import { concatBytes } from '../base/bytes.ts'
import type { JsonPiece } from '../codec/json.ts'
import { partName } from '../message/header-form.ts'
import type { InlinedMessage, InlineForms } from '../message/inline-forms.ts'
import type { EncodedParts } from '../message/multipart.ts'
import type { Encoded } from './wire-reply.ts'
import type { ReplyStream } from './write-stream.ts'

/** Messages whose form is made without a pause. */
const BATCH = 64
/** Those before the first byte is sent. */
const FIRST_BATCH = 32

/** The parts of messages, by their paths. */
export async function inlineParts(
  inlined: readonly InlinedMessage[],
): Promise<ReadonlyMap<string, EncodedParts>> {
  const parts = new Map<string, EncodedParts>()
  for (const { key, links, forms } of inlined) {
    const under = partName(key)
    const entries = [...links].map(([name, id]) => ({ id, path: `${under}/${name}` }))
    for (let from = 0; from < entries.length; from += BATCH) {
      if (from > 0) await setImmediate()
      const made = await forms.parts(entries.slice(from, from + BATCH))
      for (const [path, encoded] of made) parts.set(path, encoded)
    }
  }
  return parts
}

/**
 * The body of these pieces, what stands for messages replaced by their JSON. One of few messages is
 * made at once, so that its length can be told; of others the rest follows as a stream.
 */
export async function jsonBody(
  pieces: readonly JsonPiece[],
): Promise<Pick<Encoded, 'body' | 'stream'>> {
  const end = endOfBatch(pieces, 0, FIRST_BATCH)
  const first = await joinPieces(pieces.slice(0, end))
  return end === pieces.length ? { body: first } : { stream: streamAfter(first, pieces, end) }
}

function streamAfter(first: Uint8Array, pieces: readonly JsonPiece[], from: number): ReplyStream {
  const sources = new Set(pieces.flatMap((piece) => ('id' in piece ? piece.from : [])))
  return {
    [Symbol.asyncIterator]: () => chunksAfter(first, pieces, from),
    release: () => {
      for (const forms of sources) forms.release()
    },
  }
}

async function* chunksAfter(
  first: Uint8Array,
  pieces: readonly JsonPiece[],
  from: number,
): AsyncGenerator<Uint8Array> {
  yield first
  for (let next = from; next < pieces.length; ) {
    await setImmediate()
    const end = endOfBatch(pieces, next, BATCH)
    yield await joinPieces(pieces.slice(next, end))
    next = end
  }
}

function endOfBatch(pieces: readonly JsonPiece[], from: number, size: number): number {
  let messages = 0
  for (let at = from; at < pieces.length; at++) {
    if ('id' in (pieces[at] ?? {}) && ++messages > size) return at
  }
  return pieces.length
}

async function joinPieces(pieces: readonly JsonPiece[]): Promise<Uint8Array> {
  const ids = new Map<InlineForms, string[]>()
  for (const piece of pieces) {
    if ('text' in piece) continue
    const known = ids.get(piece.from)
    if (known === undefined) ids.set(piece.from, [piece.id])
    else known.push(piece.id)
  }
  const made = await Promise.all([...ids].map(([forms, wanted]) => forms.json(wanted)))
  const jsonOf = new Map(made.flatMap((json) => [...json]))
  return concatBytes(
    pieces.map((piece) => ('text' in piece ? piece.text : (jsonOf.get(piece.id) ?? ''))),
  )
}
