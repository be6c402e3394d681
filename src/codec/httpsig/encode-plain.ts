/**
 * A message to headers and body by its plain form: what follows from its keys and the kinds of its
 * values is found out once, and its values are only looked through for what no header holds. Gives
 * what `encodeHttpsig` gives in link mode, or nothing.
 */
import { type Binary, ownText } from '../../base/bytes.ts'
import type { Commitment } from '../../message/commitment.ts'
import { layoutOf } from '../../message/header-layout.ts'
import type { Message } from '../../message/message.ts'
import { type PlainForm, type PlainLayout, plainFormOf } from '../../message/plain-form.ts'
import { linkedComponents } from './encode.ts'
import { isHeaderName, isHeaderText } from './fit-for-http.ts'
import { isBundle } from './rebuilt-base.ts'
import {
  type ComponentList,
  type ComponentsOf,
  formatSignatures,
  type SignatureLabels,
} from './signature-writer.ts'

/** Headers that are known to be ASCII that prints, so that nothing of them need be checked again. */
export interface PlainWire {
  /** Sorted. Those of one kind of messages are one array. */
  readonly names: readonly string[]
  /** By the order of the names. */
  readonly values: readonly string[]
  readonly body: Binary | undefined
}

/** `undefined` for a message that is not plain, or that has to be changed to fit into headers. */
export function encodePlain(message: Message, labels: SignatureLabels): PlainWire | undefined {
  const form = plainFormOf(message)
  if (form === undefined || form.body?.length === 0) return undefined
  const layout = wireLayoutOf(form.layout)
  if (layout === undefined || !form.values.every(isHeaderText)) return undefined
  return message.commitments.size === 0
    ? { names: form.layout.names, values: form.values, body: form.body }
    : encodeSigned(form, layout, { commitments: message.commitments, labels })
}

interface Signed {
  readonly commitments: Message['commitments']
  readonly labels: SignatureLabels
}

function encodeSigned(
  { values, body }: PlainForm,
  { names, sources, componentsOf }: WireLayout,
  { commitments, labels }: Signed,
): PlainWire | undefined {
  for (const commitment of commitments.values()) {
    if (commitment.signature === undefined || isBundle(commitment)) return undefined
  }
  const signatures = formatSignatures(commitments.values(), componentsOf, labels)
  if (signatures === undefined || !signatures.isPlain) return undefined
  const { signature, signatureInput } = signatures
  const all: string[] = []
  for (const source of sources) {
    if (source === SIGNATURE) all.push(signature)
    else all.push(source === INPUT ? signatureInput : (values[source] ?? ''))
  }
  return { names, values: all, body }
}

/** What is the same for all signed messages of one plain layout. */
interface WireLayout {
  /** With those of signatures. */
  readonly names: readonly string[]
  /** For each name the place of its value in the plain form. */
  readonly sources: readonly number[]
  readonly componentsOf: ComponentsOf
}

const SIGNATURE = -1
const INPUT = -2

const wireLayouts = new WeakMap<PlainLayout, WireLayout | { readonly isOdd: true }>()

/** `undefined` where not all names can be those of headers. */
function wireLayoutOf(layout: PlainLayout): WireLayout | undefined {
  let known = wireLayouts.get(layout)
  if (known === undefined) {
    known = layout.names.every(isHeaderName) ? createWireLayout(layout) : { isOdd: true }
    wireLayouts.set(layout, known)
  }
  return 'isOdd' in known ? undefined : known
}

function createWireLayout({ names, example }: PlainLayout): WireLayout {
  const signed = layoutOf([...names, 'signature', 'signature-input'])
  return {
    names: signed.names,
    sources: signed.names.map((name) => {
      if (name === 'signature') return SIGNATURE
      return name === 'signature-input' ? INPUT : names.indexOf(name)
    }),
    componentsOf: keptComponents(linkedComponents(example)),
  }
}

const MAX_LISTS = 8
const MAX_LIST_LENGTH = 4_096

/** Commitments of one kind cover the same keys. What is kept holds nothing of the messages it came from. */
function keptComponents(componentsOf: ComponentsOf): ComponentsOf {
  const kept: { readonly committed: readonly string[]; readonly components: ComponentList }[] = []
  return (commitment: Commitment) => {
    const { committed } = commitment
    for (const one of kept) if (isSameList(one.committed, committed)) return one.components
    const components = componentsOf(commitment)
    if (kept.length < MAX_LISTS && components.list.length <= MAX_LIST_LENGTH) {
      const list = ownText(components.list)
      kept.push({ committed: committed.map(ownText), components: { ...components, list } })
    }
    return components
  }
}

function isSameList(one: readonly string[], other: readonly string[]): boolean {
  return (
    one === other ||
    (one.length === other.length && one.every((key, index) => key === other[index]))
  )
}
