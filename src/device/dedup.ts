/**
 * `dedup@1.0`: keeps a stack from doing the same thing twice. What was seen before is answered with
 * `skip`, which ends the stack; all else goes on, and its id is noted. Source: HyperBEAM, `dev_dedup`.
 */
import { hashpath } from '../message/hashpath.ts'
import { messageId } from '../message/id.ts'
import { Message } from '../message/message.ts'
import { isBinary, isList, Link, type Value } from '../message/value.ts'
import { type Device, type DeviceContext, type Outcome, ok, skip } from './device.ts'
import { getLoaded, numberAt, textAt, textsOf } from './read-key.ts'
import { setKeys } from './set-keys.ts'

export function createDedupDevice(): Device {
  return {
    name: 'dedup@1.0',
    keys: new Map(),
    fallback: dedup,
    excludes: new Set(['keys', 'set']),
  }
}

/**
 * What must not be done twice is under the key that `dedup-subject` names, `body` by default, of the
 * base or the request; `request` means the whole request. Only the first pass of a stack counts.
 */
async function dedup(base: Message, request: Message, context: DeviceContext): Promise<Outcome> {
  if ((numberAt(base, 'pass') ?? 1) !== 1) return ok(base)
  const name = textAt(base, 'dedup-subject') ?? textAt(request, 'dedup-subject') ?? 'body'
  const subject = name === 'request' ? request : (base.get(name) ?? request.get(name))
  if (subject === undefined) return ok(base)
  const id = idOf(subject)
  const seen = textsOf(await getLoaded(base, 'dedup', context)) ?? []
  return seen.includes(id) ? skip(base) : ok(setKeys(base, [['dedup', [id, ...seen]]]))
}

function idOf(subject: Value): string {
  if (subject instanceof Link) return subject.id
  if (subject instanceof Message || isList(subject)) return messageId(subject, 'all')
  return isBinary(subject) ? hashpath(subject) : messageId(new Message([['value', subject]]))
}
