/** Messages and processes that somebody really signs, with contents that nobody would think of. */
import fc from 'fast-check'
import type { CommitOptions } from '../../src/http/reply-signer.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { Message } from '../../src/message/message.ts'
import type { Value } from '../../src/message/value.ts'
import { anyMessage, anyScalar } from '../arbitrary-message.ts'
import { HOSTILE_IDS } from './hostile-store.ts'
import { anyToken, hostileText } from './mutate.ts'

export interface Content {
  readonly message: Message
  readonly device: CommitOptions['device']
  readonly bundle: boolean
}

/** Keys that some part of the node acts on. */
const anyMeaning = fc.constantFrom(
  ...['action', 'path', 'method', 'device', 'body', 'data', 'status', 'slot', 'process', 'nonce'],
  ...['content-type', 'epoch', 'timestamp', 'hash-chain', 'base-hashpath', 'block-height', 'tags'],
  ...['from-process', 'outbox', 'results', 'patches', 'patch-from', 'patch-to', 'pass', 'passes'],
  ...['set-mode', 'resolve', 'cron', 'cron-interval', 'cron-action', 'authority', 'variant', '1'],
  ...['scheduler', 'scheduler-location', 'execution-device', 'device-stack', 'input-prefix'],
  ...['accept', 'accept-bundle', 'ao-result', 'ao-body-key', 'commitments', 'ao-types', 'id'],
)

const anyDevice = fc.constantFrom(
  ...['message@1.0', 'scheduler@1.0', 'process@1.0', 'stack@1.0', 'patch@1.0', 'push@1.0'],
  ...['dedup@1.0', 'multipass@1.0', 'cron@1.0', 'meta@1.0', 'json@1.0', 'test-device@1.0', 'x@1.0'],
)

const anyPath = fc.constantFrom(
  ...['schedule', 'compute', 'now', 'push', '/~meta@1.0/info', 'set', '..', '/', 'keys', 'slot'],
)

const anyValue: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: anyScalar },
  { weight: 2, arbitrary: anyMessage },
  hostileText,
  anyToken,
  anyDevice,
  anyPath,
  fc.constantFrom(...HOSTILE_IDS),
  fc.array(anyScalar, { maxLength: 4 }),
)

const anyEntries = fc
  .tuple(
    fc.oneof(anyMessage, fc.constant(new Message())),
    fc.array(fc.tuple(fc.oneof(anyMeaning, anyToken), anyValue), { maxLength: 6 }),
  )
  .map(([message, entries]) => [...message, ...entries])

function anyContent(own: fc.Arbitrary<Readonly<Record<string, unknown>>>): fc.Arbitrary<Content> {
  return fc.record({
    message: fc.tuple(anyEntries, own).map(([entries, keys]) => {
      return new Message<Value>([...entries, ...createMessage(keys)])
    }),
    device: fc.constantFrom('ans104@1.0', 'httpsig@1.0'),
    bundle: fc.boolean(),
  })
}

export function anyMessageFor(processes: readonly string[]): fc.Arbitrary<Content> {
  const anyType = fc.constantFrom('Message', 'Message', 'Process', 'Assignment', 'x')
  return anyContent(fc.record({ target: fc.constantFrom(...processes), type: anyType }))
}

/** A process, which may compute with devices that were made for something else. */
export function anyProcess(scheduler: string): fc.Arbitrary<Content> {
  const stack = fc.array(anyDevice, { maxLength: 5 })
  const parts = {
    'execution-device': fc.oneof({ weight: 3, arbitrary: fc.constant('stack@1.0') }, anyDevice),
    'device-stack': fc.oneof(stack, fc.constant(['stack@1.0', 'stack@1.0']), anyDevice),
    passes: fc.constantFrom(1, 2, 101, -1, 'x'),
    'patch-from': fc.oneof(anyPath, hostileText),
    'patch-to': fc.oneof(anyPath, hostileText),
    'cron-interval': fc.constantFrom('1-minute', '0-seconds', '-1-x'),
    authority: fc.oneof(anyToken, fc.constant(scheduler)),
  }
  const own = { type: 'Process', device: 'process@1.0', scheduler }
  return anyContent(fc.record(parts, { requiredKeys: [] }).map((keys) => ({ ...keys, ...own })))
}
