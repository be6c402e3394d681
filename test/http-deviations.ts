/**
 * Where our replies to the recorded requests differ from the recorded ones on purpose, each with its
 * reason. A difference that is not here is a fault of ours; an entry that no longer differs is one,
 * too. The page docs/protocol/deviations.md says the same to readers.
 */
import assert from 'node:assert/strict'
import { decodeReply, type JsonObject, signaturesOf } from './comparable-reply.ts'
import type { HttpAnswer } from './replay.ts'

export interface Deviation {
  readonly why: string
  /** Where alone the comparable replies differ, `/message/body`. Without it they have little in common. */
  readonly at?: readonly string[]
  /** Asserts what we answer instead. */
  readonly ours?: (ours: HttpAnswer, recorded: HttpAnswer, node: NodeFacts) => void
  /** Whether signatures in the recorded reply do not hold. */
  readonly recordedFails?: boolean
}

export interface NodeFacts {
  readonly address: string
  readonly port: number
}

/**
 * Messages that the recorded node did not schedule: a nested message has both `body` and `data`, one
 * of which it loses on reading, so that the signature does not hold any more. Ours schedules them,
 * and on a node of their own, since the slots of all later messages would be others.
 */
export const SCHEDULED_ONLY_HERE: ReadonlySet<string> = new Set([
  'D1-typed-message',
  'D1i-body-and-data',
])

const UNKNOWN = 'A'.repeat(43)

function answers(status: number, reason: RegExp) {
  return (ours: HttpAnswer): void => {
    assert.equal(ours.status, status)
    const body = decodeReply(ours).get('body')
    assert.ok(typeof body === 'string')
    assert.match(body, reason)
    assert.ok(!body.includes('<html'), 'a page for a program')
  }
}

const shortReason = 'a program needs the reason, not a web page'
const noTrace =
  'the client named no process that is here: that is no fault of the node, and a stack trace tells nothing'

const pageInsteadOfReason: Deviation = {
  why: shortReason,
  ours: answers(404, /^Necessary messages not found in cache\.$/),
}

const unknownProcess: Deviation = {
  why: noTrace,
  ours: answers(404, new RegExp(`^Process ${UNKNOWN} is not available on this node`)),
}

const statusSigned: Deviation = {
  why: 'the recorded node had this result in its cache, and leaves its status out of what it signs',
  at: ['/message/(commitments)', '/signatures'],
  recordedFails: true,
  ours: (ours, recorded) => {
    const [signed, there] = [ours, recorded].map((answer) =>
      signaturesOf(answer).map(({ covers }) => String(covers).replace(' "status"', '')),
    )
    assert.deepEqual(signed, there)
  },
}

const signedAnew: Deviation = {
  why: 'the recorded node lost its signature and makes another, over types of keys it does not cover',
  at: ['/message/(commitments)/1'],
  recordedFails: true,
}

/** Keys of the request that the recorded node sets on a message under a device. */
const REQUEST_KEYS = ['accept', 'accept-bundle', 'device', 'from', 'host', 'method', 'to']

const requestKeysInResult: Deviation = {
  why: 'whoever asks for a message as JSON gets that message, without the headers of the request',
  at: ['/message/body'],
  ours: (ours, recorded) => {
    const [shown, there] = [ours, recorded].map(serialized)
    const own = Object.entries(there ?? {}).filter(([key]) => !REQUEST_KEYS.includes(key))
    assert.deepEqual(shown, Object.fromEntries(own))
  },
}

function serialized({ body }: HttpAnswer): JsonObject {
  const json = JSON.parse(Buffer.from(body).toString()) as JsonObject
  const { 'assignments+link': _, 'ao-types': types = '', ...rest } = json
  const ownTypes = String(types)
    .split(', ')
    .filter((type) => type !== '' && !type.startsWith('accept-bundle='))
  return { ...rest, 'ao-types': ownTypes.join(', ') }
}

const ownOptions: Deviation = {
  why: 'options of this node, not of HyperBEAM',
  ours: (ours, _recorded, { address, port }) => {
    assert.equal(ours.status, 200)
    const options = decodeReply(ours)
    assert.equal(options.get('address'), address)
    assert.equal(options.get('port'), port)
  },
}

const table: readonly (readonly [string, Deviation])[] = [
  [
    'D4-unknown-process',
    {
      why: noTrace,
      ours: answers(404, /^Process To4pxzat6nbRI8OH6LDnXOquCgbqrbSeXGVR48IgGP8 is not available/),
    },
  ],
  [
    'D7-process-hint',
    {
      why: 'the hint leads to a port where nobody listens: the fault is beyond this node',
      ours: answers(502, /^The remote scheduler did not answer/),
    },
  ],
  [
    'E3-location-foreign',
    {
      why: 'the recorded node cuts the signed path of the record, so that its signatures fail',
      at: ['/headers/path', '/message/path', '/message/(commitments)/1'],
      recordedFails: true,
    },
  ],
  ['01-meta-info', ownOptions],
  ['01b-meta-info-json', { ...ownOptions, recordedFails: true }],
  [
    '01c-meta-build',
    {
      why: 'this is other software',
      ours: (ours) => assert.equal(decodeReply(ours).get('node'), 'ao-scheduler'),
    },
  ],
  [
    '06f-proc-schedule-assignments',
    {
      why: 'the recorded node had this result in its cache, where it loses the hashpath of the tag',
      at: ['/signatures/1/covers', '/message/(commitments)/0/tag'],
    },
  ],
  ['06g-proc-schedule-assignment-1', signedAnew],
  ['09-unknown-slot', pageInsteadOfReason],
  ['09b-unknown-schedule', pageInsteadOfReason],
  ['09d-unknown-target', unknownProcess],
  ['09e-unknown-slot-target', unknownProcess],
  ['09f-unknown-aos2', unknownProcess],
  ['09g-no-target', { why: noTrace, ours: answers(400, /^No process is named/) }],
  [
    '09h-unknown-device',
    {
      why: 'the client can mend it',
      ours: answers(404, /^Expected the name of a device that this node has$/),
    },
  ],
  [
    '13i-cron-every-badformat',
    {
      why: 'the recorded node fails to write its reason',
      ours: answers(400, /^Error parsing interval: expected a whole number, a dash and a unit/),
    },
  ],
  ['11b-compute-slot', statusSigned],
  [
    '14-root',
    {
      why: 'pages of other origins may follow a redirect of the node, too',
      at: [
        '/headers/access-control-allow-methods',
        '/headers/access-control-allow-origin',
        '/headers/access-control-expose-headers',
      ],
    },
  ],
  ['16c-D-assignment-2', signedAnew],
  ['16c-D-assignment-3', signedAnew],
  ['16c-D-assignment-4', signedAnew],
  ['16c-D-assignment-5', signedAnew],
  ['16c-D-assignment-7', signedAnew],
  ['16c-D-assignment-8', signedAnew],
  ['17h-serialize', requestKeysInResult],
  ['17i-slot-serialize', requestKeysInResult],
]

export const DEVIATIONS: ReadonlyMap<string, Deviation> = new Map(table)
