/**
 * What a schedule looks like to its readers: the page message of `~scheduler@1.0/schedule`, and
 * `application/aos-2`, the JSON that compute units and legacy tools read.
 */
import type { Block } from '../arweave/block-clock.ts'
import { type Binary, compareText, concatBytes, toBytes, toText } from '../base/bytes.ts'
import { encodeBase64url } from '../crypto/base64url.ts'
import type { Commitment } from '../message/commitment.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { toTabm } from '../message/structured.ts'
import { textOf } from '../message/text-of.ts'
import { Atom, isBinary, type Value } from '../message/value.ts'
import { integerOf } from './location.ts'

/** What a page says beside its assignments. */
export interface PageFrame {
  readonly processId: string
  /** Whether the schedule has more assignments after the last one here. */
  readonly continues: boolean
  readonly block: Block
}

export interface SchedulePage extends PageFrame {
  /** In slot order, everything in them loaded. */
  readonly assignments: readonly PageAssignment[]
}

export interface PageAssignment {
  readonly slot: number
  readonly message: Message
}

/** The page of these assignments, messages or links by their slots. */
export function formatPage(page: PageFrame, assignments: Message): Message {
  const { block } = page
  return new Message<Value>([
    ['type', 'schedule'],
    ['process', page.processId],
    ['continues', page.continues ? Atom.true : Atom.false],
    ['timestamp', block.timestamp],
    ['block-height', block.height],
    ['block-hash', block.hash],
    ['assignments', assignments],
  ])
}

/** The page that `formatPage` made a message of, here or on another node. */
export function parsePage(page: Message): SchedulePage {
  const slots = page.get('assignments')
  const continues = page.get('continues')
  const assignments = [...(slots instanceof Message ? slots : [])].flatMap(([key, message]) =>
    /^\d+$/.test(key) && message instanceof Message ? [{ slot: Number(key), message }] : [],
  )
  return {
    processId: textOf(page, 'process') ?? '',
    continues: continues instanceof Atom && continues.name === 'true',
    block: {
      height: integerOf(page, 'block-height') ?? 0,
      hash: textOf(page, 'block-hash') ?? '',
      timestamp: integerOf(page, 'timestamp') ?? 0,
    },
    assignments: assignments.toSorted((left, right) => left.slot - right.slot),
  }
}

/** The page as `application/aos-2`: a message whose body is the JSON, its edges written already. */
export function formatAos2Page(page: PageFrame, edges: readonly Binary[]): Message {
  const { block } = page
  // Members stand in the order in which the reference writes them: sorted.
  const info = {
    'block-hash': block.hash,
    'block-height': String(block.height),
    has_next_page: page.continues,
    process: page.processId,
    timestamp: String(block.timestamp),
  }
  const body: Binary[] = ['{"edges":[']
  for (const [index, edge] of edges.entries()) {
    if (index > 0) body.push(',')
    body.push(edge)
  }
  body.push(`],"page_info":${JSON.stringify(info)}}`)
  return new Message<Value>([
    ['content-type', 'application/json'],
    ['body', concatBytes(body)],
  ])
}

/** One assignment of the page. */
export function formatAos2Edge(slot: number, message: Message): string {
  const node = { assignment: aos2Message(message), message: aos2Message(bodyOf(message)) }
  return JSON.stringify({ cursor: slot, node })
}

function bodyOf(assignment: Message): Message {
  const body = assignment.get('body')
  return body instanceof Message ? body : new Message()
}

interface Tag {
  readonly name: string
  readonly value: string
}

/** Keys that have a field of their own, or none. */
const FIELD_KEYS = new Set(['id', 'anchor', 'owner', 'data', 'target', 'signature', 'commitments'])

/** One message as the `message` or `assignment` of an aos-2 edge. */
export function aos2Message(message: Message): Readonly<Record<string, unknown>> {
  const signed = [...message.commitments.values()].find(({ committer }) => committer !== undefined)
  const owner = signed?.committer ?? ''
  const tabm = toTabm(message, 'link')
  const text = (key: string): string => {
    const value = tabm.get(key)
    return isBinary(value) ? lossyText(value) : ''
  }
  const from = text('from-process')
  const isAssignment = text('type') === 'Assignment'
  return {
    Anchor: text('anchor'),
    Data: dataText(tabm.get('data')),
    From: from === '' ? owner : from,
    Id: messageId(message, 'all'),
    Owner: owner,
    PublicKey: publicKey(signed),
    Signature: signed?.signature ?? '',
    Tags: originalTags(message) ?? keyTags(tabm, isAssignment),
    Target: text('target'),
  }
}

function dataText(data: unknown): string | null {
  if (data === undefined) return ''
  return isBinary(data) ? (toText(data) ?? null) : null
}

function lossyText(value: Binary): string {
  return toText(value) ?? encodeBase64url(toBytes(value))
}

/** The key without its scheme: `publickey:..` gives what follows. */
function publicKey(commitment: Commitment | undefined): string {
  const keyid = commitment?.keyid ?? ''
  return keyid.slice(keyid.indexOf(':') + 1)
}

/** The tags as the signer wrote them, kept where their case or order is not the canonical one. */
function originalTags(message: Message): Tag[] | undefined {
  for (const { device, fields } of message.commitments.values()) {
    const original = fields.get('original-tags')
    if (device !== 'ans104@1.0' || !(original instanceof Message)) continue
    return numbered(original).map((tag) => ({
      name: tagText(tag, 'name'),
      value: tagText(tag, 'value'),
    }))
  }
  return undefined
}

function numbered(message: Message): Message[] {
  return [...message]
    .toSorted(([left], [right]) => Number(left) - Number(right))
    .flatMap(([, value]) => (value instanceof Message ? [value] : []))
}

function tagText(tag: Message, key: string): string {
  const value = tag.get(key)
  return isBinary(value) ? lossyText(value) : ''
}

function keyTags(tabm: ReturnType<typeof toTabm>, isAssignment: boolean): Tag[] {
  const tags: Tag[] = []
  for (const key of [...tabm.keys()].sort(compareText)) {
    const value = tabm.get(key)
    if (FIELD_KEYS.has(key) || !isBinary(value)) continue
    if (isAssignment && (key === 'body' || key === 'body+link')) continue
    tags.push({ name: titleCase(key), value: lossyText(value) })
  }
  return tags
}

/** `data-protocol` becomes `Data-Protocol`. */
function titleCase(key: string): string {
  let title = ''
  for (let start = 0; start < key.length; ) {
    const dash = key.indexOf('-', start)
    const next = dash < 0 ? key.length : dash + 1
    title += key.charAt(start).toUpperCase() + key.slice(start + 1, next)
    start = next
  }
  return title
}
