/**
 * structured@1.0: between the typed message that code works with and the TABM that ids, signatures
 * and wire formats are made of. The two directions stand in `encode-tabm.ts` and `decode-tabm.ts`.
 */
import { AoError } from '../base/errors.ts'
import { decodeTabm } from './decode-tabm.ts'
import { encodeTabm } from './encode-tabm.ts'
import type { Message } from './message.ts'
import type { Tabm } from './tabm.ts'
import { childId } from './tabm-id.ts'
import { isList, type List } from './value.ts'

/** `link`: nested messages become `key+link` with their id; `bundle`: they stay inline. */
export type LinkMode = 'link' | 'bundle'

/**
 * The TABM of a message or list. Nothing is stored or loaded: the caller keeps the children of links
 * and loads lazy links first. Commitments and the private part of each level stay beside it.
 * @throws AoError see `encodeTabm`.
 */
export function toTabm(value: Message | List, mode: LinkMode): Tabm {
  return encodeTabm(value, mode === 'link' ? childId : undefined)
}

/**
 * The typed message that a TABM means; nested levels typed `.="list"` become lists, `key+link` a
 * `Link`.
 * @throws AoError `invalid-message` when the TABM itself is a list, and what `decodeTabm` throws.
 */
export function fromTabm(tabm: Tabm): Message {
  const value = decodeTabm(tabm)
  if (isList(value)) throw new AoError('invalid-message', 'Expected a map, got a list')
  return value
}

/**
 * The message or list that a TABM means.
 * @throws AoError see `decodeTabm`.
 */
export function fromTabmValue(tabm: Tabm): Message | List {
  return decodeTabm(tabm)
}
