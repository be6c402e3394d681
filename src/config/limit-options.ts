/**
 * Every bound of the node that an operator may turn, and what happens to those who go beyond it:
 * docs/limits.md is made of this table. Whatever a stranger can make large, many or slow has one.
 */
import { computeLimits } from './compute-options.ts'
import { cronLimits } from './cron-options.ts'
import { addressList, limit, wholeNumber } from './option-kinds.ts'

const SECOND_MS = 1_000
const MEBIBYTE = 1_048_576

const REFUSED_LATER = '503 with `retry-after`'
const REFUSED_SENDER = '429 with `retry-after`'

const size = {
  bodyLimitBytes: limit(
    wholeNumber(100 * MEBIBYTE, 'Largest request body.'),
    '413; the connection is closed',
  ),
  headerLimitBytes: limit(
    wholeNumber(
      MEBIBYTE,
      'Largest sum of request line and headers; messages travel as headers, so that it is far above the usual 16 KiB. Over HTTP/2 never more than 128 KiB.',
      { min: 16_384 },
    ),
    '431; the connection is closed (HTTP/2: the request is reset with ENHANCE_YOUR_CALM; far beyond, the connection ends)',
  ),
  headerCountLimit: limit(
    wholeNumber(1_000, 'Most headers of a request.', { min: 16 }),
    '431; the connection is closed',
  ),
  bufferLimitBytes: limit(
    wholeNumber(
      256 * MEBIBYTE,
      'Headers and bodies of all requests together, and the messages that are loaded for them, while they are handled. One request may take half of it.',
      { min: MEBIBYTE },
    ),
    REFUSED_LATER,
  ),
  replyBufferLimitBytes: limit(
    wholeNumber(
      256 * MEBIBYTE,
      'Replies of all requests together that clients have not read yet.',
      { min: MEBIBYTE },
    ),
    'the connection that has been reading longest is cut',
  ),
  pageLimit: limit(
    wholeNumber(
      1_000,
      'How far `to` of a schedule page may lie beyond `from`: a page has one item more at most.',
      { min: 1, max: 10_000 },
    ),
    'the page ends, `continues` is true',
  ),
  pageLimitBytes: limit(
    wholeNumber(16 * MEBIBYTE, 'Bytes of messages, as stored, after which a schedule page ends.', {
      min: 1,
    }),
    'the page ends, `continues` is true',
  ),
  pageCacheBytes: limit(
    wholeNumber(
      64 * MEBIBYTE,
      'Assignments of all schedules together that are kept in the forms in which pages hold them; 0 keeps none.',
    ),
    'those unused longest are read and made again when they are asked for',
  ),
}

const time = {
  headersTimeoutMs: limit(
    wholeNumber(
      30 * SECOND_MS,
      'Time that a client has for the first byte of a request, then for all headers, and between two pieces of a body.',
      { min: 1 },
    ),
    '408; the connection is closed',
  ),
  requestTimeoutMs: limit(
    wholeNumber(300 * SECOND_MS, 'Time that a client has to send a whole request; 0 is unlimited.'),
    '408; the connection is closed',
  ),
  scheduleTimeoutMs: limit(
    wholeNumber(
      10 * SECOND_MS,
      'How long a message may wait for its slot; it is not scheduled later.',
      { min: 1 },
    ),
    REFUSED_LATER,
  ),
  replyTimeoutMs: limit(
    wholeNumber(120 * SECOND_MS, 'Time that the node has to find a reply.', { min: 1 }),
    '504',
  ),
  sendTimeoutMs: limit(
    wholeNumber(300 * SECOND_MS, 'Time that a client has to read a whole reply.', { min: 1 }),
    'the connection is cut',
  ),
  keepAliveTimeoutMs: limit(
    wholeNumber(
      65 * SECOND_MS,
      'How long a connection without a request is kept; longer than proxies keep theirs.',
      { min: 1 },
    ),
    'the connection is closed',
  ),
  connectionTimeoutMs: limit(
    wholeNumber(300 * SECOND_MS, 'Silence on a connection, also while a reply is worked on.', {
      min: 1,
    }),
    'the connection is cut',
  ),
  closeTimeoutMs: limit(
    wholeNumber(10 * SECOND_MS, 'How long a node that stops waits for replies under way.', {
      min: 1,
    }),
    'the connections are cut',
  ),
}

const count = {
  maxConnections: limit(
    wholeNumber(10_000, 'Open connections.', { min: 1 }),
    'a new one is closed at once, and idle ones make room',
  ),
  maxConnectionsPerAddress: limit(
    wholeNumber(
      0,
      'Open connections of one client address; 0 is no limit: behind a proxy all come from one.',
    ),
    'a new one is closed at once',
  ),
  maxInFlight: limit(
    wholeNumber(4_000, 'Requests that are handled at once, without those that are still read.', {
      min: 1,
    }),
    REFUSED_LATER,
  ),
  maxInFlightPerAddress: limit(
    wholeNumber(0, 'The same for one client address; 0 is no limit.'),
    REFUSED_SENDER,
  ),
  processQueueLimit: limit(
    wholeNumber(1_000, 'Messages of one process that may wait for their slot.', { min: 1 }),
    REFUSED_LATER,
  ),
  totalQueueLimit: limit(
    wholeNumber(
      3_000,
      'Messages of all processes together that may wait for their slot; below `maxInFlight`, so that reads are answered meanwhile.',
      { min: 1 },
    ),
    REFUSED_LATER,
  ),
  maxOpenServers: limit(
    wholeNumber(
      10_000,
      'Processes held open at most; the one that was idle longest is closed for a new one.',
      { min: 1 },
    ),
    REFUSED_LATER,
  ),
}

const rate = {
  rateLimitPerAddress: limit(
    wholeNumber(0, 'Requests a second of one client address, on average; 0 is no limit.'),
    REFUSED_SENDER,
  ),
  rateBurstPerAddress: limit(
    wholeNumber(100, 'Requests that an address may send at once after it was silent.', { min: 1 }),
    REFUSED_SENDER,
  ),
  rateLimitPerSigner: limit(
    wholeNumber(
      0,
      'Messages a second that one signer may have scheduled, on average; 0 is no limit. Anybody can post a signed message again and use up the rate of its signer; `returnExistingAssignment` keeps copies from counting.',
    ),
    REFUSED_SENDER,
  ),
  rateBurstPerSigner: limit(
    wholeNumber(100, 'Messages that a signer may have scheduled at once after a pause.', {
      min: 1,
    }),
    REFUSED_SENDER,
  ),
  rateLimitExempt: addressList(
    ['loopback', 'operator'],
    'Who has no rate: `loopback` for this machine, `operator` for whom the node obeys, addresses of clients, networks (`10.0.0.0/8`), addresses of signers.',
    ['loopback', 'operator'],
  ),
  trustedProxies: addressList(
    [],
    'Proxies whose `x-forwarded-for` is believed, by address or network, `loopback` for this machine: limits of an address then count the client behind them.',
    ['loopback'],
  ),
}

export const limits = { ...size, ...time, ...count, ...rate }

/** Limits in the order in which docs/limits.md tells of them. */
export const LIMIT_GROUPS = {
  Size: size,
  Time: time,
  Number: count,
  Rate: rate,
  Cron: cronLimits,
  Computing: computeLimits,
} as const
