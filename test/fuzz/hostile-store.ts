/**
 * A store as no node would write it: messages that link to themselves, in circles, in long chains
 * and to far too many others, under ids that say nothing of what they are.
 */
import { encodeRecord } from '../../src/cache/record.ts'
import { createMessage } from '../../src/message/create-message.ts'
import { Message } from '../../src/message/message.ts'
import { Link, type Value } from '../../src/message/value.ts'
import type { Store, StoreWrite } from '../../src/store/store.ts'

const CHAIN = 400
const WIDE = 150

function idOf(name: string, n = 0): string {
  return `${name}-${n}`.padEnd(43, '_')
}

function linked(links: readonly (readonly [string, string])[], keys: object = {}): Message {
  const entries = links.map(([key, id]) => [key, new Link(id)] as const)
  return new Message<Value>([...createMessage({ ...keys }), ...entries])
}

/** Messages by the ids under which they lie. */
function hostileMessages(): Map<string, Message> {
  const messages = new Map<string, Message>([
    [
      idOf('self'),
      linked(
        [
          ['next', idOf('self')],
          ['scheduler', idOf('self')],
        ],
        { a: '1' },
      ),
    ],
    [idOf('ping'), linked([['next', idOf('pong')]], { type: 'Process' })],
    [
      idOf('pong'),
      linked([
        ['next', idOf('ping')],
        ['process', idOf('ping')],
      ]),
    ],
    [
      idOf('gone'),
      linked([
        ['next', 'G'.repeat(43)],
        ['body', 'G'.repeat(43)],
      ]),
    ],
    [idOf('leaf'), createMessage({ data: 'x'.repeat(2_000), n: 7 })],
    [idOf('device'), createMessage({ device: 'process@1.0', type: 'Process', scheduler: 'x' })],
    [idOf('number'), createMessage({ device: 7, path: 'set', status: 999, body: { status: 5 } })],
    [idOf('atoms'), createMessage({ status: null, device: true, 'content-type': 'text/html' })],
    [
      idOf('proto'),
      new Message<Value>([
        ['__proto__', 'x'],
        ['constructor', new Link(idOf('self'))],
      ]),
    ],
  ])
  for (let n = 0; n < CHAIN; n++)
    messages.set(idOf('chain', n), linked([['next', idOf('chain', n + 1)]]))
  for (const [name, target] of [
    ['wide', 'wider'],
    ['wider', 'widest'],
    ['widest', 'leaf'],
  ] as const) {
    const links = Array.from({ length: WIDE }, (_, n) => [`k${n}`, idOf(target)] as const)
    messages.set(idOf(name), linked(links))
  }
  return messages
}

/** The ids of the messages in a hostile store. */
export const HOSTILE_IDS: readonly string[] = [...hostileMessages().keys()].filter(
  (id) => !/^chain-[1-9]/.test(id),
)

/** Writes the messages into a store. */
export async function writeHostile(store: Store): Promise<void> {
  const circle = (from: number, to: number): StoreWrite => ({
    kind: 'link',
    path: `messages/${idOf('circle', from)}`,
    target: `messages/${idOf('circle', to)}`,
  })
  const writes = [circle(1, 2), circle(2, 1)]
  for (const [id, message] of hostileMessages()) {
    const { bytes, large } = encodeRecord(message)
    writes.push({ kind: 'value', path: `messages/${id}`, value: bytes })
    for (const { hash, bytes: data } of large) {
      writes.push({ kind: 'value', path: `data/${hash}`, value: data })
    }
  }
  await store.commit(writes)
}
