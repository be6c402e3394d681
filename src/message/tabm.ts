/**
 * TABM, the type-annotated binary message: a message whose values are binaries or TABMs only, the
 * types of the others noted in the key `ao-types` of the same level, links as `key+link`.
 */
import type { Binary } from '../base/bytes.ts'
import type { Message } from './message.ts'

export type TabmValue = Binary | Tabm
export type Tabm = Message<TabmValue>
