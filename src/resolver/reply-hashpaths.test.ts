/** The hashpaths that a HyperBEAM node computed for its replies: the `tag` of its signatures. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readVectorFile } from '../../test/vectors.ts'
import { type Device, ok } from '../device/device.ts'
import { createDeviceRegistry } from '../device/registry.ts'
import { Message } from '../message/message.ts'
import { Atom, type Value } from '../message/value.ts'
import { createResolver } from './resolve.ts'

interface Exchange {
  readonly name: string
  /** `GET /path -H header: value`, `-I` for HEAD */
  readonly request: string
  readonly response: { readonly headers: readonly (readonly [string, string])[] }
}

const exchanges = (readVectorFile('http/gets') as Exchange[]).filter(
  (exchange) => tagOf(exchange) !== undefined,
)

/** Answers every key with a message, as the real devices do for these requests. */
const answering = (name: string): Device => ({
  name,
  keys: new Map(),
  fallback: async () => ok(new Message([['answered', 'yes']])),
})

describe('the hashpath of a reply is that of HyperBEAM', () => {
  for (const exchange of exchanges) {
    test(exchange.name, async () => {
      const tag = tagOf(exchange) ?? ''
      const outcome = await resolverFor(tag).resolveRequest(requestOf(exchange))
      assert.equal(outcome.kind, 'ok')
      assert.ok(outcome.value instanceof Message)
      assert.equal(outcome.value.priv.hashpath, tag)
    })
  }
})

/** The ids of stored processes are not computed here: any message with their hashpath will do. */
function resolverFor(tag: string) {
  const names = ['message', 'meta', 'scheduler', 'process', 'cron', 'json']
  return createResolver({
    devices: createDeviceRegistry(names.map((name) => answering(`${name}@1.0`))),
    readMessage: async () => new Message([], undefined, { hashpath: baseOf(tag) }),
    loadLink: () => assert.fail('No link expected'),
    isOperator: async () => false,
  })
}

function baseOf(tag: string): string {
  const known = 'ZwhNtZAN6c7OcduvrjG4CbBS9lQYCZx9v0T4GJQR74I'
  const [first = ''] = tag.split('/')
  return CHAINED.has(first) ? known : first
}

/** Bases that are folded from an earlier step on the first process. */
const CHAINED = new Set([
  'MGtcI-PRx74_W1-hUnhZ0boRgCrmBO0ycyvKcwRdcmU',
  'sYjbt_tY2P9VOR60WaEkKB9IAG03yGo83Kr0C7H64Is',
])

function requestOf({ request }: Exchange): Message {
  const [line = '', ...headers] = request.split(' -H ')
  const [path = ''] = line.replace(/^GET /, '').split(' ')
  const entries = new Map<string, Value>([
    ['accept', '*/*'],
    ['accept-bundle', Atom.false],
    ['host', '127.0.0.1:10200'],
    ['method', line.endsWith(' -I') ? 'HEAD' : 'GET'],
    ['path', path],
  ])
  for (const header of headers) {
    const [name = '', value = ''] = header.split(': ')
    entries.set(name, value)
  }
  return new Message(entries)
}

function tagOf({ response }: Exchange): string | undefined {
  const input = response.headers.find(([name]) => name === 'signature-input')
  return /;tag="([^"]+)"/.exec(input?.[1] ?? '')?.[1]
}
