/** Ids of messages: the name under which a message, or one signed by somebody, can be found. */

import { combineIds } from './combine-ids.ts'
import { selectCommitments } from './committed.ts'
import type { Message } from './message.ts'
import { toTabm } from './structured.ts'
import type { Tabm } from './tabm.ts'
import { type Committers, unsignedTabmId } from './tabm-id.ts'
import type { Value } from './value.ts'
import { isBinary } from './value.ts'

/**
 * The id of what a message says, whoever signed it: over all its public keys, commitments ignored.
 * Typed messages and TABMs have the same id.
 */
export function unsignedId(message: Message | Tabm): string {
  return unsignedTabmId(linkedTabm(message))
}

/**
 * The id of a message. By default that of its signatures, several added up, else its unsigned id.
 * `none` asks for the unsigned id; the one that an hmac of the message states is not recomputed.
 * @throws AoError `not-found` for an address that did not commit to the message.
 */
export function messageId(message: Message | Tabm, committers: Committers = 'all'): string {
  const selected = selectCommitments(message, { committers })
  return selected.length > 0 ? combineIds(selected.map(({ id }) => id)) : unsignedId(message)
}

/** A message of binaries alone is a TABM already; nested maps, typed or not, need linking. */
function linkedTabm(message: Message | Tabm): Tabm {
  for (const [, value] of message as Message<Value>) {
    if (!isBinary(value)) return toTabm(message as Message, 'link')
  }
  return message as Tabm
}
