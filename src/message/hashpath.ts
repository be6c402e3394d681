/**
 * Hashpaths: the chain of ids that names a computation. `base/request` is one step; before the next
 * step is added the two are folded into one id, so that the text keeps its length
 * (`hb_path:hashpath`).
 */
import { type Binary, concatBytes, toText } from '../base/bytes.ts'
import { AoError } from '../base/errors.ts'
import { sha256Text } from '../crypto/hash.ts'
import { combineIds } from './combine-ids.ts'
import { messageId } from './id.ts'
import { isId, isPrivateKey, toHumanId, toNativeId } from './keys.ts'
import type { Message } from './message.ts'
import { isBinary } from './value.ts'

/** `sha-256-chain` hashes base and request; `accumulate-256` adds two ids modulo 2^256. */
export type HashpathAlgorithm = 'sha-256-chain' | 'accumulate-256'

const DEFAULT_ALGORITHM: HashpathAlgorithm = 'sha-256-chain'

/**
 * The hashpath of a value: of bytes their hash, of a message the hashpath of the computation that
 * gave it, else its unsigned id. With a request, the hashpath of that request on the value; the
 * algorithm is the key `hashpath-alg` of the value.
 * @throws AoError `invalid-hashpath` for a binary with a request and for an unknown algorithm.
 *
 * @example
 * hashpath(createMessage({ a: '1' }), 'key') // z3vwVvCE7AFo58_pb6AkT5VCNON3r4Y_6aiRg46otN4/key
 */
export function hashpath(base: Message | Binary, request?: Message | string): string {
  if (isBinary(base)) {
    if (request === undefined) return sha256Text(base)
    throw new AoError(
      'invalid-hashpath',
      'Expected a message as the base of a request, got a binary',
    )
  }
  const own = base.priv.hashpath ?? messageId(base, 'none')
  if (request === undefined) return own
  return chainHashpath(own, requestStep(request), requireAlgorithm(base))
}

/**
 * The hashpath after one more step: `H/step`, where an H of two parts is folded into one id first.
 * @throws AoError `invalid-hashpath` when the hashpath has more than two parts or starts with no id.
 */
export function chainHashpath(
  hashpathText: string,
  step: string,
  algorithm: HashpathAlgorithm = DEFAULT_ALGORITHM,
): string {
  const [first, second, ...others] = parsePath(hashpathText) ?? []
  if (first === undefined || others.length > 0) {
    throw new AoError('invalid-hashpath', 'Expected a hashpath of one or two parts', {
      hashpath: hashpathText,
    })
  }
  return second === undefined ? `${first}/${step}` : `${fold(first, second, algorithm)}/${step}`
}

/**
 * The segments of a path; empty ones vanish. `/` is the empty path; a text without segments is none.
 */
export function parsePath(path: string): string[] | undefined {
  if (path === '/') return []
  const segments = path.split('/').filter((segment) => segment !== '')
  return segments.length > 0 ? segments : undefined
}

function fold(first: string, second: string, algorithm: HashpathAlgorithm): string {
  if (!isId(first)) {
    throw new AoError('invalid-hashpath', 'Expected a hashpath that starts with an id', { first })
  }
  if (algorithm === 'accumulate-256') return combineIds([toHumanId(first), toHumanId(second)])
  const next = second.length === 43 && isId(second) ? toNativeId(second) : second
  return sha256Text(concatBytes([toNativeId(first), next]))
}

/** What a request adds: the first segment of a bare path, else the id of all that it says. */
function requestStep(request: Message | string): string {
  if (typeof request === 'string') return request
  const path = request.get('path')
  const text = isBinary(path) ? toText(path) : undefined
  const segment = text === undefined ? undefined : parsePath(text)?.[0]
  return segment !== undefined && isBarePath(request) ? segment : messageId(request, 'none')
}

function isBarePath(request: Message): boolean {
  if (request.commitments.size > 0) return false
  for (const key of request.keys()) {
    if (key !== 'path' && key !== 'hashpath' && !isPrivateKey(key)) return false
  }
  return true
}

function requireAlgorithm(base: Message): HashpathAlgorithm {
  const name = base.get('hashpath-alg')
  if (name === undefined || name === 'sha-256-chain') return 'sha-256-chain'
  if (name === 'accumulate-256') return 'accumulate-256'
  throw new AoError(
    'invalid-hashpath',
    'Expected hashpath-alg to be sha-256-chain or accumulate-256',
  )
}
