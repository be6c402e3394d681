/**
 * `multipass@1.0`: asks the stack that it is a member of to start over until there have been
 * `passes` passes. Any key does, but for `keys` and `set`, which are those of the message.
 */
import type { Device } from './device.ts'
import { ok, pass } from './device.ts'
import { numberAt } from './read-key.ts'

/**
 * @NOTE It counts nothing: `pass` of the base is the counter of the stack. Both counts may be text,
 * as the tags of a data item are; HyperBEAM takes any text for more than any number, and would go on
 * for ever.
 */
export function createMultipassDevice(): Device {
  return {
    name: 'multipass@1.0',
    keys: new Map(),
    fallback: async (base) => {
      const isLast = (numberAt(base, 'pass') ?? 1) >= (numberAt(base, 'passes') ?? 1)
      return isLast ? ok(base) : pass(base)
    },
    excludes: new Set(['keys', 'set']),
  }
}
