/** One segment of a path: `ID`, `(sub/path)`, `key`, `key~device&k=v`, `key+type=v`. */
import { AoError } from '../base/errors.ts'
import { Atom } from '../message/value.ts'
import { readKey } from './path-keys.ts'
import { type PathScope, requireSegment } from './path-scope.ts'
import { isPathId, type PathStep, type StepValue, type SubPath } from './path-step.ts'
import { cut, isParenthesised, split, unquote } from './split.ts'

/** @throws AoError `invalid-path` */
export function parseSegment(segment: string, scope: PathScope): PathStep {
  if (isPathId(segment)) return { kind: 'id', id: segment }
  if (isParenthesised(segment)) return subPath(segment, scope)
  const { head: key, separator, rest } = cut(segment, '&~+ =')
  if (separator === undefined) return { kind: 'message', keys: new Map([['path', key]]) }
  if (separator === '~') return deviceStep(key, rest, scope)
  // `key=v` and `key+type=v` stand for `key&key=v` and `key&key+type=v`.
  const pairs = separator === '&' ? rest : segment
  return { kind: 'message', keys: ownKeys(key, pairs, scope) }
}

/** `key~device&k=v`: the keys after a device belong to the step, not to the device's name. */
function deviceStep(key: string, text: string, scope: PathScope): PathStep {
  const { head, rest } = cut(text, '&')
  const device = isParenthesised(head) ? subPath(head, scope) : head
  if (device === '') throw new AoError('invalid-path', 'Expected the name of a device after ~')
  const keys = ownKeys(key, rest, scope)
  // Without a key the step calls nothing: it only puts the message under the device.
  if (keys.get('path') === '') keys.delete('path')
  return { kind: 'as', device, keys }
}

/** The key that a step calls, under `path`, and the keys beside it. */
function ownKeys(key: string, pairs: string, scope: PathScope): Map<string, StepValue> {
  const keys = new Map<string, StepValue>([['path', key]])
  for (const text of split(pairs, '&')) {
    const { head, separator, rest } = cut(requireSegment(text), '=&')
    const pair =
      separator === undefined
        ? { name: head, value: Atom.true }
        : readKey({ name: head, value: inlineValue(unquote(rest), scope) }, scope)
    if (pair !== undefined) keys.set(pair.name, pair.value)
  }
  return keys
}

function inlineValue(text: string, scope: PathScope): string | SubPath {
  return isParenthesised(text) ? subPath(text, scope) : text
}

function subPath(segment: string, scope: PathScope): SubPath {
  return scope.subPath(segment.slice(1, -1))
}
