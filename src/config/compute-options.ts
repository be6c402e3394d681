/** What an operator may decide of computing processes and of pushing what they send each other. */
import { choice, limit, onOff, optionalUrl, wholeNumber } from './option-kinds.ts'

const SECOND_MS = 1_000

const REFUSED = '503 at once'

/** Bounds, as docs/limits.md tells of them. */
export const computeLimits = {
  stackMaxPasses: limit(
    wholeNumber(100, 'Passes of a stack whose devices ask for another one.', { min: 1 }),
    '508 with the stack that does not end',
  ),
  maxComputedProcesses: limit(
    wholeNumber(
      1_000,
      'Processes whose state is held in memory; the one that was idle longest is freed for a new one.',
      { min: 1 },
    ),
    '503 at once where all are busy',
  ),
  computeQueueLimit: limit(
    wholeNumber(1_000, 'Requests that wait for slots of one process.', { min: 1 }),
    REFUSED,
  ),
  pushMaxDepth: limit(
    wholeNumber(
      64,
      'Levels of a push: what a process says makes another say something, and so on.',
    ),
    'the message is delivered; what its target says is not sent on (`resulted-in: skipped`)',
  ),
  pushMaxMessages: limit(
    wholeNumber(1_000, 'Messages that one push sends in all its levels.', { min: 1 }),
    'the other messages wait until their slot is pushed again',
  ),
  maxBackgroundPushes: limit(
    wholeNumber(100, 'Pushes at a time that nobody waits for (`async`).', { min: 1 }),
    REFUSED,
  ),
} as const

export const computing = {
  ...computeLimits,
  computeUnitUrl: optionalUrl(
    'Compute unit of legacynet that computes processes with `genesis-wasm@1.0` or `delegated-compute@1.0`, among them all that name no execution device. Without it: they are scheduled only.',
  ),
  computeUnitTimeoutMs: wholeNumber(
    60 * SECOND_MS,
    'How long the compute unit may take to answer before the client gets 504.',
    { min: 1 },
  ),
  snapshotSlots: wholeNumber(
    100,
    'A process can be restored at each multiple of so many slots; 0 leaves it to `snapshotMs`.',
  ),
  snapshotMs: wholeNumber(
    60 * SECOND_MS,
    'A process can also be restored at the first slot that is computed after so long; 0 leaves it to `snapshotSlots`.',
  ),
  computeIdleMs: wholeNumber(
    300 * SECOND_MS,
    'A process that nobody asks for so long is taken out of memory, so that it can be restored where it stands.',
    { min: 1 },
  ),
  nowFromCache: choice(
    ['off', 'prefer', 'only'],
    'off',
    'What `now` of a process answers. `off`: the state after the newest slot. `prefer`: the newest state that was computed before, if any. `only`: that or 404.',
  ),
  serializeInline: onOff(
    false,
    'Whether `~json@1.0/serialize` writes nested messages inline where a request does not say `bundle`. Off: as links, as HyperBEAM does. On: as WAO reads states.',
  ),
  pushWaitMs: wholeNumber(
    60 * SECOND_MS,
    'How long a client is made to wait for a push; then it is answered with the slot of its message, and the push goes on. Should be less than `replyTimeoutMs`.',
    { min: 1 },
  ),
  pushAlwaysSign: onOff(
    true,
    'Whether the node signs messages of an outbox with its own wallet where it has none that the target accepts. Off: they are not delivered.',
  ),
  stackErrorStrategy: choice(
    ['throw', 'stop', 'ignore'],
    'throw',
    'What a stack does about the error of a device in it, unless the request or the stack has `error-strategy`. `throw`: it fails with 500. `stop`: with the status of the device. `ignore`: it goes on with the next device.',
  ),
  stackSteps: onOff(
    false,
    'Whether the result of every stack lists which device ran in which pass, what came of it and how long it took. Off: only where the request has `stack-steps=true`. States of processes never have the list.',
  ),
} as const
