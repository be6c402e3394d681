/** Signed messages posted again, elsewhere, in parts, and with changes that no signature covers. */
import fc from 'fast-check'
import type { HttpRequest } from '../replay.ts'
import { flipBit, hostileText, mutated } from './mutate.ts'

interface Forgery {
  readonly seed: HttpRequest
  readonly other: HttpRequest
  readonly path: string
  readonly kind: 'again' | 'body' | 'header' | 'mixed' | 'dropped'
  readonly at: number
  readonly text: string
  readonly body: Uint8Array
}

/** Places where a process takes messages. */
export function placesOf(id: string): string[] {
  return [
    ...[`/${id}/schedule`, `/${id}~process@1.0/schedule`, `/${id}~scheduler@1.0/schedule`],
    ...[`/~scheduler@1.0/schedule?target=${id}`, `/~scheduler@1.0&target=${id}/schedule`],
    ...[`/${id}/push`, `/${id}/as=scheduler/schedule`, '/~location@1.0/node'],
  ]
}

export interface ForgerySeeds {
  readonly posts: readonly HttpRequest[]
  readonly places: readonly string[]
}

export function anyForgery({ posts, places }: ForgerySeeds): fc.Arbitrary<HttpRequest> {
  return fc
    .constantFrom(...posts)
    .chain((seed) =>
      fc.record<Forgery>({
        seed: fc.constant(seed),
        other: fc.constantFrom(...posts),
        path: fc.oneof(fc.constant(seed.path), fc.constantFrom(...places)),
        kind: fc.constantFrom('again', 'body', 'body', 'header', 'header', 'mixed', 'dropped'),
        at: fc.nat(40),
        text: fc.oneof(hostileText, mutated([Buffer.from('x')]).map(String)),
        body: mutated([seed.body ?? Buffer.alloc(0)]),
      }),
    )
    .map(forge)
}

function forge({ seed, other, path, kind, at, text, body }: Forgery): HttpRequest {
  const index = at % Math.max(1, seed.headers.length)
  const headers = seed.headers.map(([name, value], n): [string, string] => {
    if (kind !== 'header' || n !== index) return [name, value]
    return [name, headerText(at % 2 === 0 ? text : flipBit(value, at))]
  })
  const bodies = { ...seed, headers, path }
  switch (kind) {
    case 'body':
      return { ...bodies, body }
    case 'mixed':
      return { ...bodies, ...(other.body === undefined ? {} : { body: other.body }) }
    case 'dropped':
      return { ...bodies, headers: headers.filter((_, n) => n !== index) }
    default:
      return bodies
  }
}

function headerText(text: string): string {
  return Buffer.from(text)
    .toString('latin1')
    .replace(/[^\t -~\u0080-\u00ff]/g, '')
    .trim()
}
