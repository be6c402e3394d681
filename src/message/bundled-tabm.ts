/** The TABM of a message with all nested messages inline, as a bundle is signed and sent. */

import type { Commitments } from './commitment.ts'
import { commitmentToTabm } from './commitment-map.ts'
import { encodeTabm } from './encode-tabm.ts'
import { Message } from './message.ts'
import type { Tabm, TabmValue } from './tabm.ts'
import { normalizeChildren, normalizeCommitments } from './unsigned-commitment.ts'

/**
 * Nested messages carry their commitments under the key `commitments`, an hmac at least, because
 * in HyperBEAM they come out of the store; the commitments of the message itself stay beside it.
 */
export function bundledTabm(message: Message): Tabm {
  return inlineChildren(encodeTabm(normalizeChildren(message)))
}

/** The TABM of a message that is nested in a bundle. */
export function nestedTabm(message: Message): Tabm {
  return inlineCommitments(encodeTabm(normalizeCommitments(message)))
}

function inlineChildren(tabm: Tabm): Tabm {
  const changed: [string, TabmValue][] = []
  for (const [key, value] of tabm) {
    if (value instanceof Message) changed.push([key, inlineCommitments(value)])
  }
  return changed.length === 0 ? tabm : tabm.with(changed)
}

function inlineCommitments(tabm: Tabm): Tabm {
  const inline = inlineChildren(tabm)
  if (tabm.commitments.size === 0) return inline
  return inline.with([['commitments', commitmentsTabm(tabm.commitments)]])
}

function commitmentsTabm(commitments: Commitments): Tabm {
  const entries: [string, TabmValue][] = []
  for (const commitment of commitments.values()) {
    entries.push([commitment.id, commitmentToTabm(commitment)])
  }
  return new Message(entries)
}
