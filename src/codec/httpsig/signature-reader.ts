/** Reads the headers `signature` and `signature-input`: entries paired by their label. */
import { type Binary, toText } from '../../base/bytes.ts'
import { AoError } from '../../base/errors.ts'
import {
  type BareItem,
  type InnerList,
  type Parameters,
  parseDictionary,
} from '../../message/structured-fields.ts'

export interface SignatureEntry {
  readonly label: string
  readonly signature: Uint8Array
  /** As listed, with `@` where the sender wrote it. */
  readonly components: readonly string[]
  readonly parameters: Parameters
  /**
   * The text after `label=` as received, which a foreign signature covers to the letter. Empty for a
   * native one.
   */
  readonly raw: string
}

/** Labels of HyperBEAM since September 2025; their entries are rebuilt, never taken as they are. */
const NATIVE_LABEL = 'comm-'

/**
 * The entries of both headers. Without one of the headers there are none: a lone `signature` is a
 * key that somebody gave a message, and no signature.
 * @throws AoError `invalid-encoding` for headers that are no dictionaries of signatures, and for a
 * label that only one of them has.
 */
export function readSignatures(
  signature: Binary | undefined,
  signatureInput: Binary | undefined,
): SignatureEntry[] {
  if (signature === undefined || signatureInput === undefined) return []
  const signatures = parseDictionary(requireText(signature))
  const input = requireText(signatureInput)
  let texts: ReadonlyMap<string, string> | undefined
  const rawOf = (label: string): string | undefined => {
    texts ??= memberTexts(input)
    return texts.get(label)
  }
  const inputs = parseDictionary(input, { strings: 'any' })
  if (signatures.size !== inputs.size) throw invalid('the same labels in both signature headers')
  const entries: SignatureEntry[] = []
  for (const [label, member] of inputs) {
    const signed = signatures.get(label)
    if (signed === undefined) throw invalid('the same labels in both signature headers')
    if (signed.kind !== 'item' || signed.bare.kind !== 'bytes') throw invalid('signatures of bytes')
    if (member.kind !== 'inner-list') throw invalid('a list of components')
    const { parameters } = member
    const raw = isNative({ label, parameters }) ? '' : rawOf(label)
    if (raw === undefined) throw invalid('the same labels in both signature headers')
    const components = componentNames(member)
    entries.push({ label, signature: signed.bare.value, components, parameters, raw })
  }
  return entries
}

/**
 * Whether an entry is one that HyperBEAM's own rules rebuild. All others, and those that name
 * their key without a scheme, are checked against the text that was received.
 */
export function isNative({
  label,
  parameters,
}: Pick<SignatureEntry, 'label' | 'parameters'>): boolean {
  const keyid = parameters.get('keyid')
  return label.startsWith(NATIVE_LABEL) && keyid?.kind === 'string' && keyid.value.includes(':')
}

/** The text of a parameter that is a string or token. */
export function parameterText(bare: BareItem | undefined): string | undefined {
  return bare?.kind === 'string' || bare?.kind === 'token' ? bare.value : undefined
}

function componentNames({ items }: InnerList): string[] {
  return items.map(({ bare, parameters }) => {
    if (bare.kind !== 'string') throw invalid('components that are strings')
    if (parameters.size > 0) throw invalid('components without parameters')
    return bare.value
  })
}

/** The text of each member of a well-formed dictionary, by key; of equal keys the last. */
export function memberTexts(dictionary: string): Map<string, string> {
  const texts = new Map<string, string>()
  for (let start = 0; start < dictionary.length; ) {
    const end = endOfMember(dictionary, start)
    const equals = dictionary.indexOf('=', start)
    if (equals < end) {
      texts.set(dictionary.slice(start, equals).trim(), dictionary.slice(equals + 1, end).trimEnd())
    }
    start = end + 1
  }
  return texts
}

/** The position of the next comma outside quotes. */
function endOfMember(dictionary: string, start: number): number {
  let comma = dictionary.indexOf(',', start)
  let quote = dictionary.indexOf('"', start)
  while (quote >= 0 && comma > quote) {
    const after = endOfQuote(dictionary, quote + 1)
    if (comma < after) comma = dictionary.indexOf(',', after)
    quote = dictionary.indexOf('"', after)
  }
  return comma < 0 ? dictionary.length : comma
}

function endOfQuote(dictionary: string, start: number): number {
  for (let at = start; at < dictionary.length; at++) {
    const code = dictionary.charCodeAt(at)
    if (code === 0x22) return at + 1
    if (code === 0x5c) at++
  }
  return dictionary.length
}

function requireText(header: Binary): string {
  const text = toText(header)
  if (text === undefined) throw invalid('text')
  return text
}

function invalid(expected: string): AoError {
  return new AoError('invalid-encoding', `Expected ${expected} in signature and signature-input`)
}
