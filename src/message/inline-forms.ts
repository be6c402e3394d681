/**
 * Messages that are sent inline many times in the same form: stored ones never change, so that a
 * form once made can be sent again without reading the message. Who answers with links to such
 * messages puts the source of their forms into the private part of the message that holds the links.
 */
import { Message } from './message.ts'
import type { EncodedParts } from './multipart.ts'
import { Link } from './value.ts'

/** Where a linked message stands in the message that is sent. */
export interface InlineEntry {
  readonly id: string
  /** Path of its part: the keys on the way joined by `/`. */
  readonly path: string
}

/**
 * The forms of messages as they are in a bundle, where everything is inline.
 * @throws AoError `link-not-found`, and `unencodable` for a message that has no such form.
 */
export interface InlineForms {
  /** Each as a JSON object, by id. */
  json(ids: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>
  /** Each as parts of a multipart body, by path. */
  parts(entries: readonly InlineEntry[]): Promise<ReadonlyMap<string, EncodedParts>>
  /** Gives up what was read for forms that are not made yet: it is read again if they are. */
  release(): void
}

/** A message of links with forms of what they stand for. */
export interface InlinedMessage {
  readonly key: string
  readonly links: ReadonlyMap<string, string>
  readonly forms: InlineForms
}

/** The messages right below one that have forms for all their values. */
export function inlinedMessages(message: Message): InlinedMessage[] {
  const inlined: InlinedMessage[] = []
  for (const [key, value] of message) {
    if (!(value instanceof Message)) continue
    const forms = value.priv.inlineForms
    const links = idsByKey(value)
    if (forms !== undefined && links !== undefined) inlined.push({ key, links, forms })
  }
  return inlined
}

/** The same message to be kept: its forms hold what was read of what it links to. */
export function withoutForms(message: Message): Message {
  if (message.priv.inlineForms === undefined) return message
  const { inlineForms: _, ...priv } = message.priv
  return message.replacingPrivate(priv)
}

/** `undefined` for a message with anything but links in it. */
function idsByKey(message: Message): Map<string, string> | undefined {
  if (message.size === 0 || message.commitments.size > 0) return undefined
  const ids = new Map<string, string>()
  for (const [key, value] of message) {
    if (!(value instanceof Link) || value.lazy) return undefined
    ids.set(key, value.id)
  }
  return ids
}
