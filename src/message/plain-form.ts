/**
 * The header form of a message without its TABM. Which headers a message has, in which order, and
 * what commitments list them as follows from its keys and the kinds of its values alone, for all
 * messages but odd ones. It is found out once for each list of these, by the form of an example, and
 * from then on only filled in. Every id, hmac and reply of an assignment is made of such a form.
 */
import type { Binary } from '../base/bytes.ts'
import { isAoError } from '../base/errors.ts'
import { KnownLists } from '../base/known-lists.ts'
import { contentDigest, splitForm } from './header-form.ts'
import { layoutOf } from './header-layout.ts'
import { linkedTabm } from './id.ts'
import { Message } from './message.ts'
import { isBig } from './multipart.ts'
import { baseOf, coverKeys, type SignatureBase, type SignatureParams } from './signature-base.ts'
import { publicKeys, statedId } from './tabm-id.ts'
import { Atom, isBinary, isInteger, Link, type Value } from './value.ts'

/** What is the same for all messages with these keys and kinds of values. */
export interface PlainLayout {
  /** Of the headers, each once, sorted by their bytes. */
  readonly names: readonly string[]
  /** The line of each in a signature base, up to its value. */
  readonly lineStarts: readonly string[]
  /** The headers as the last line of a base lists them. */
  readonly signedList: string
  /** The keys that a commitment to the whole message covers. */
  readonly committed: readonly string[]
  /** One of these messages. */
  readonly example: Message
  /** For each header the place of its value in the message, or the text that it always has. */
  readonly sources: readonly (number | string)[]
  /** Place of the value that is the body, -1 without one. */
  readonly bodyAt: number
}

export interface PlainForm {
  readonly layout: PlainLayout
  /** Of the headers, by the order of their names. */
  readonly values: readonly string[]
  /** Its digest is among the headers. */
  readonly body: Binary | undefined
}

/**
 * The form of a whole message with nested ones as links; `undefined` for a message of which that
 * takes longer to tell: with values that no line holds, with nested values that state no id.
 */
export function plainFormOf(message: Message): PlainForm | undefined {
  const shape: (string | Kind)[] = []
  const texts: Binary[] = []
  for (const key of message.keys()) {
    const value = message.get(key) as Value
    const kind = kindOf(value)
    const text = textOf(value, kind)
    if (text === undefined || key.length > MAX_KEY_LENGTH) return undefined
    if (key === 'content-type' && isMultipart(text)) return undefined
    shape.push(key, kind)
    texts.push(text)
  }
  const layout = shape.length > MAX_ITEMS ? undefined : layouts.get(shape)
  return layout && fill(layout, texts)
}

/** The base of a commitment to the whole message. */
export function baseOfForm({ layout, values }: PlainForm, params: SignatureParams): SignatureBase {
  const { lineStarts, signedList, committed } = layout
  let lines = ''
  for (let i = 0; i < values.length; i++) lines += `${lineStarts[i]}${values[i]}`
  return { base: baseOf({ lines, signedList }, params), committed }
}

const MAX_KEY_LENGTH = 64
const MAX_ITEMS = 128

/** Of the value under a key. */
type Kind =
  | typeof BINARY
  | typeof INTEGER
  | typeof ATOM
  | typeof NESTED
  | typeof LINK
  | typeof OTHER
const BINARY = 0
const INTEGER = 1
const ATOM = 2
const NESTED = 3
const LINK = 4
const OTHER = 5

function kindOf(value: Value): Kind {
  if (isBinary(value)) return BINARY
  if (isInteger(value)) return INTEGER
  if (value instanceof Message) return NESTED
  if (value instanceof Atom) return ATOM
  return value instanceof Link && !value.lazy && value.type === 'link' ? LINK : OTHER
}

function textOf(value: Value, kind: Kind): Binary | undefined {
  if (kind === BINARY) return value as Binary
  if (kind === INTEGER) return (value as number | bigint).toString()
  if (kind === NESTED) return statedId(value as Message, 'all')
  if (kind === ATOM) return (value as Atom).name
  return kind === LINK ? (value as Link).id : undefined
}

/** The keys that such a body stands for would be others. */
function isMultipart(text: Binary): boolean {
  return typeof text === 'string' && text.startsWith('multipart/')
}

function fill(layout: PlainLayout, texts: readonly Binary[]): PlainForm | undefined {
  const { sources, bodyAt } = layout
  const body = bodyAt < 0 ? undefined : texts[bodyAt]
  const values: string[] = []
  for (let i = 0; i < sources.length; i++) {
    const source = sources[i] ?? DIGEST
    if (typeof source === 'string') {
      values.push(source)
    } else if (source === DIGEST) {
      values.push(contentDigest(body ?? ''))
    } else {
      const text = texts[source]
      if (typeof text !== 'string' || isBig(text)) return undefined
      values.push(text)
    }
  }
  return { layout, values, body }
}

const DIGEST = -1

/** Keys, each with the kind of its value behind it. */
const layouts = new KnownLists<string | Kind, PlainLayout | undefined>(createLayout, {
  maxItems: MAX_ITEMS,
})

function createLayout(shape: readonly (string | Kind)[]): PlainLayout | undefined {
  try {
    return layoutOfExample(exampleOf(shape))
  } catch (error) {
    // Whatever is wrong with such messages is told of each of them.
    if (isAoError(error)) return undefined
    throw error
  }
}

/** A message of this shape in which every value has another text, that of its place. */
function exampleOf(shape: readonly (string | Kind)[]): Message {
  const entries = new Map<string, Value>()
  for (let place = 0; 2 * place < shape.length; place++) {
    entries.set(`${shape[2 * place]}`, exampleValue(shape[2 * place + 1] as Kind, place))
  }
  return Message.owning(entries)
}

function exampleValue(kind: Kind, place: number): Value {
  const text = exampleText(kind, place)
  if (kind === INTEGER) return place
  if (kind === ATOM) return new Atom(text)
  if (kind === LINK) return new Link(text)
  return kind === NESTED ? withStatedId(text) : text
}

function exampleText(kind: Kind, place: number): string {
  return kind === INTEGER ? `${place}` : `example ${place}`
}

function withStatedId(id: string): Message {
  const commitment = { id, device: '', type: '', committed: [], committer: '', fields: new Map() }
  return new Message<Value>([], new Map([[id, commitment]]))
}

function layoutOfExample(example: Message): PlainLayout | undefined {
  if (example.has('ao-body-key') || example.has('ao-types+link')) return undefined
  const tabm = linkedTabm(example)
  const keys = publicKeys(tabm)
  const { headers, parts, inlineKey } = splitForm(tabm, keys)
  const part = parts.get(inlineKey)
  const hasBody = parts.size > 0
  if (keys.length !== tabm.size || (hasBody && (parts.size > 1 || typeof part !== 'string'))) {
    return undefined
  }
  const places = placesOf(example)
  if (hasBody) headers.add('content-digest', '')
  const { names, positions, lineStarts } = layoutOf(headers.names)
  const { signedList, committed } = coverKeys(tabm, keys)
  return {
    ...{ names, lineStarts, signedList, committed, example },
    sources: names.map((name, index) => {
      const text = `${headers.values[positions[index] ?? 0]}`
      return hasBody && name === 'content-digest' ? DIGEST : (places.get(text) ?? text)
    }),
    bodyAt: typeof part === 'string' ? (places.get(part) ?? -1) : -1,
  }
}

/** Where each text of an example stands. */
function placesOf(example: Message): ReadonlyMap<string, number> {
  const places = new Map<string, number>()
  for (const [, value] of example) places.set(`${textOf(value, kindOf(value))}`, places.size)
  return places
}
