/** The message that a message of an outbox becomes on its way to its target, and who signs it. */
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isList, type Value } from '../message/value.ts'
import type { Outcome } from './device.ts'
import type { KnownProcess } from './process-base.ts'
import { listOf, textOf } from './read-key.ts'

/**
 * The message, unsigned, with the keys that tell its target where it comes from, which no process
 * sets itself.
 */
export function outgoingMessage(message: Message, { id, message: sender }: KnownProcess): Message {
  const base = new Message(
    [...sender].filter(([key]) => key !== 'authority' && key !== 'scheduler'),
  )
  const from: [string, Value | undefined][] = [
    ['data-protocol', 'ao'],
    ['variant', 'ao.N.1'],
    ['type', 'Message'],
    ['from-process', id],
    ['from-uncommitted', messageId(sender, 'none')],
    ['from-base', messageId(base, 'none')],
    ['from-scheduler', sender.get('scheduler')],
    ['from-authority', sender.get('authority')],
  ]
  const known = from.filter((entry): entry is [string, Value] => entry[1] !== undefined)
  return new Message([...message.without(...from.map(([key]) => key)), ...known])
}

/** A message of an outbox with its keys in lower case. */
export function lowerKeys(message: Message): Message {
  return new Message([...message].map(([key, value]) => [key.toLowerCase(), value] as const))
}

export interface SecurityDeps {
  /** Resolves a message by its path, on behalf of nobody. */
  readonly resolvePath: (request: Message) => Promise<Outcome>
}

/**
 * Addresses that the target wants messages signed by: `accept-committers` of what its `policy`
 * resolves to, else its `authority`; none where it does not say.
 */
export async function wantedSigners(
  { resolvePath }: SecurityDeps,
  target: Message | undefined,
): Promise<readonly string[]> {
  const policy = target?.get('policy')
  if (policy !== undefined) {
    const request = policy instanceof Message ? policy : new Message([['path', policy]])
    const outcome = await resolvePath(request)
    const { value } = outcome
    const accepted = value instanceof Message ? value.get('accept-committers') : undefined
    if (outcome.kind === 'ok' && accepted !== undefined) return addresses(accepted)
  }
  return addresses(target?.get('authority'))
}

function addresses(value: Value | undefined): readonly string[] {
  const texts = isList(value) ? value.map((item) => textOf(item) ?? '') : (listOf(value) ?? [])
  return texts.filter((text) => text !== '')
}
