/**
 * A schedule as an ANS-104 bundle: for each slot the item of the message, then that of its
 * assignment. A bundle begins with the lengths and ids of all items, so that it is written in two
 * passes over the schedule, and read at two places at once; neither holds more than one item.
 */
import { AoError } from '../base/errors.ts'
import { decodeAns104 } from '../codec/ans104/ans104.ts'
import {
  BUNDLE_HEADER_BYTES,
  BUNDLE_NUMBER_BYTES,
  decodeBundleNumber,
} from '../codec/ans104/bundle.ts'
import { decodeBase64, encodeBase64url } from '../crypto/base64url.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { Link } from '../message/value.ts'
import { withBody } from './archive-line.ts'
import { archivedItem } from './archived-item.ts'
import { integerOf } from './location.ts'
import type { SlotAssignment } from './schedule-store.ts'

/** Items of one slot in a bundle. */
export const ITEMS_PER_SLOT = 2

export interface BundledItem {
  /** 32 bytes. */
  readonly id: Uint8Array
  readonly item: Uint8Array
}

/**
 * The items of a slot, in their order.
 * @throws AoError `unencodable` for what is no data item: JSON lines hold that.
 */
export async function itemsOfSlot({ slot, message }: SlotAssignment): Promise<BundledItem[]> {
  const body = message.get('body')
  if (!(body instanceof Message)) {
    throw new AoError('unencodable', `Expected a message in the assignment of slot ${slot}`)
  }
  // The assignment knows its message by its id: it is the item before.
  const assignment = withBody(message, new Link(messageId(body, 'all')))
  return [
    await bundledItem(body, `The message of slot ${slot}`),
    await bundledItem(assignment, `The assignment of slot ${slot}`),
  ]
}

async function bundledItem(message: Message, what: string): Promise<BundledItem> {
  const item = await archivedItem(message)
  if (item !== undefined) return { id: decodeBase64(messageId(message, 'all')), item }
  throw new AoError(
    'unencodable',
    `${what} is not one signed data item, so that no bundle can hold it; export as jsonl`,
  )
}

/** A file, or anything else that can be read from any place in it. */
export interface BundleFile {
  readonly sizeBytes: number
  /** Fewer bytes only at the end. */
  read(position: number, length: number): Promise<Uint8Array>
}

/**
 * The assignments of a bundle, each with its message. Signatures are not checked, ids are.
 * @throws AoError `invalid-encoding` for a file that is no bundle of a schedule.
 */
export async function* readBundle(file: BundleFile): AsyncGenerator<SlotAssignment> {
  let message: Message | undefined
  for await (const { id, item } of readItems(file)) {
    const decoded = decodeAns104(item)
    if (messageId(decoded, 'all') !== id) throw invalid('items that have the ids of its header')
    if (message === undefined) message = decoded
    else {
      yield assignmentOf(decoded, message)
      message = undefined
    }
  }
  if (message !== undefined) throw invalid('an assignment after each message')
}

function assignmentOf(assignment: Message, body: Message): SlotAssignment {
  const slot = integerOf(assignment, 'slot')
  if (slot === undefined || !assignment.has('body'))
    throw invalid('an assignment after each message')
  return { slot, message: withBody(assignment, body) }
}

interface HeadedItem {
  readonly id: string
  readonly item: Uint8Array
}

async function* readItems(file: BundleFile): AsyncGenerator<HeadedItem> {
  const count = decodeBundleNumber(await file.read(0, BUNDLE_NUMBER_BYTES), 0)
  let start = BUNDLE_NUMBER_BYTES + count * BUNDLE_HEADER_BYTES
  if (start > file.sizeBytes) throw invalid('the headers of all its items')
  for (let index = 0; index < count; index++) {
    const at = BUNDLE_NUMBER_BYTES + index * BUNDLE_HEADER_BYTES
    const header = await file.read(at, BUNDLE_HEADER_BYTES)
    const length = decodeBundleNumber(header, 0)
    if (start + length > file.sizeBytes) throw invalid('items of the lengths in its header')
    const id = encodeBase64url(header.subarray(BUNDLE_NUMBER_BYTES))
    yield { id, item: await file.read(start, length) }
    start += length
  }
  if (start !== file.sizeBytes) throw invalid('nothing after its items')
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected a bundle with ${expected}`)
}
