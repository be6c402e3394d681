/** Ids of messages: the name under which a message, or one signed by somebody, can be found. */
import { encodeTabm } from './encode-tabm.ts'
import { Message } from './message.ts'
import type { Tabm } from './tabm.ts'
import { type Committers, childId, statedId, unsignedTabmId } from './tabm-id.ts'
import type { List } from './value.ts'

/**
 * The id of what a message or list says, whoever signed it: over all its public keys, commitments
 * ignored. Typed messages and TABMs, with nested messages inline or linked, have the same id.
 */
export function unsignedId(value: Message | Tabm | List): string {
  return unsignedTabmId(linkedTabm(value))
}

/**
 * The id of a message. By default that of its signatures, several added up, else its unsigned id.
 * `none` asks for the unsigned id; the one that an hmac of the message states is not recomputed.
 * @throws AoError `not-found` for an address that did not commit to the message.
 */
export function messageId(value: Message | Tabm | List, committers: Committers = 'all'): string {
  if (!(value instanceof Message)) return unsignedId(value)
  return statedId(value, committers) ?? unsignedId(value)
}

/** The TABM of a message with its nested messages as links, as ids and signatures cover it. */
export function linkedTabm(value: Message | Tabm | List): Tabm {
  return encodeTabm(value as Message | List, childId)
}
