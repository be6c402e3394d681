/**
 * Ids of TABMs. Only this much is needed to link a nested map, so that the encoding of typed
 * values can use it; `id.ts` has the same for typed messages.
 */
import { hmacSha256Text } from '../crypto/hash.ts'
import { combineIds } from './combine-ids.ts'
import type { Commitments } from './commitment.ts'
import { type CommitmentSelection, selectCommitments, UNSIGNED_KEYID } from './committed.ts'
import type { ChildId } from './encode-tabm.ts'
import { isPrivateKey, isRegenerableKey, LINK_SUFFIX } from './keys.ts'
import { Message } from './message.ts'
import { signatureBase } from './signature-base.ts'
import type { Tabm, TabmValue } from './tabm.ts'

export type Committers = Exclude<CommitmentSelection['committers'], undefined>

/** The id of a TABM over all its public keys, commitments ignored. */
export function unsignedTabmId(tabm: Tabm): string {
  const linked = linkChildren(tabm)
  const { base } = signatureBase(linked, publicKeys(linked), {
    type: 'hmac-sha256',
    keyid: UNSIGNED_KEYID,
  })
  return hmacSha256Text(UNSIGNED_KEYID, base)
}

/**
 * The id of a TABM: the ids of the commitments of these committers added up; without any, that of
 * its hmac; without an hmac, the id over all its public keys.
 * @throws AoError `not-found` for an address that did not commit to it.
 */
export function tabmId(tabm: Tabm, committers: Committers = 'all'): string {
  return statedId(tabm, committers) ?? unsignedTabmId(tabm)
}

/** The id that the commitments of these committers, or an hmac, give a message; not computed. */
export function statedId(
  message: { readonly commitments: Commitments },
  committers: Committers,
): string | undefined {
  const selected = selectCommitments(message, { committers })
  return selected.length > 1 ? combineIds(selected.map(({ id }) => id)) : selected[0]?.id
}

/** The id by which the TABM of a parent links a nested message or list. */
export const childId: ChildId = (child, encode) => {
  const stated = child instanceof Message ? statedId(child, 'all') : undefined
  return stated ?? unsignedTabmId(encode())
}

/** The same TABM with each nested map replaced by a link, the id under `key+link`. */
export function linkChildren(tabm: Tabm): Tabm {
  let nested = false
  const entries: [string, TabmValue][] = []
  for (const [key, value] of tabm) {
    if (value instanceof Message) {
      nested = true
      entries.push([key + LINK_SUFFIX, tabmId(value)])
    } else entries.push([key, value])
  }
  return nested ? new Message(entries, tabm.commitments, tabm.priv) : tabm
}

/** The keys that an id covers: not the private ones, nor those that can be made again. */
export function publicKeys(tabm: Tabm): string[] {
  const keys: string[] = []
  for (const key of tabm.keys()) if (!isPrivateKey(key) && !isRegenerableKey(key)) keys.push(key)
  return keys
}
