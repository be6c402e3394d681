/** What the server admits and how long it waits: every number that an operator may want to turn. */

export interface HttpLimits {
  /** Largest request body. Default 100 MiB. */
  readonly bodyLimitBytes: number
  /**
   * Headers and bodies of all requests together, and what is loaded for them, while they are
   * handled; one may have half of it. Default 256 MiB.
   */
  readonly bufferLimitBytes: number
  /** Replies that clients have not read yet, of all requests together. Default 256 MiB. */
  readonly replyBufferLimitBytes: number
  /** Request line and headers together. Default 1 MiB: messages travel as headers. */
  readonly headerLimitBytes: number
  /** Number of headers of a request. Default 1,000. */
  readonly headerCountLimit: number
  /** Open connections; more are closed at once. Default 10,000. */
  readonly maxConnections: number
  /** The same for one peer address. Default 0, no limit: behind a proxy all come from one. */
  readonly maxConnectionsPerAddress: number
  /** Requests that are being handled; more get 503. Default 4,000. */
  readonly maxInFlight: number
  /** The same for one client address, 429. Default 0, no limit. */
  readonly maxInFlightPerAddress: number
  /** Requests a second of one client address, 429. Default 0, no limit. */
  readonly rateLimitPerAddress: number
  /** Requests of one address at once after a pause. Default 100. */
  readonly rateBurstPerAddress: number
  /**
   * Until the first byte of a request, or all its headers, or the next piece of its body, must have
   * come. Default 30 s.
   */
  readonly headersTimeoutMs: number
  /** Until a whole request must have come; 0 is unlimited. Default 300 s. */
  readonly requestTimeoutMs: number
  /** Until a client must have read a whole reply. Default 300 s. */
  readonly sendTimeoutMs: number
  /** How long a connection without a request is kept. Default 65 s: longer than proxies do. */
  readonly keepAliveTimeoutMs: number
  /** Silence on a connection, also while a reply is worked on. Default 300 s. */
  readonly connectionTimeoutMs: number
  /** Until a reply must be found, after that the client gets 504. Default 120 s. */
  readonly replyTimeoutMs: number
  /** How long `close` waits for replies under way before it cuts connections. Default 10 s. */
  readonly closeTimeoutMs: number
}

const MEBIBYTE = 1_048_576

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyLimitBytes: 100 * MEBIBYTE,
  bufferLimitBytes: 256 * MEBIBYTE,
  replyBufferLimitBytes: 256 * MEBIBYTE,
  headerLimitBytes: MEBIBYTE,
  headerCountLimit: 1_000,
  maxConnections: 10_000,
  maxConnectionsPerAddress: 0,
  maxInFlight: 4_000,
  maxInFlightPerAddress: 0,
  rateLimitPerAddress: 0,
  rateBurstPerAddress: 100,
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  sendTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  connectionTimeoutMs: 300_000,
  replyTimeoutMs: 120_000,
  closeTimeoutMs: 10_000,
}
