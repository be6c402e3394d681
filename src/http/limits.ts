/** What the server admits and how long it waits: every number that an operator may want to turn. */

export interface HttpLimits {
  /** Largest request body. Default 100 MiB. */
  readonly bodyLimitBytes: number
  /** Bodies of all requests together while they are read and handled. Default 512 MiB. */
  readonly bufferLimitBytes: number
  /** Request line and headers together. Default 1 MiB: messages travel as headers. */
  readonly headerLimitBytes: number
  /** Number of headers of a request. Default 1,000. */
  readonly headerCountLimit: number
  /** Open connections; more are closed at once. Default 10,000. */
  readonly maxConnections: number
  /** Requests that are being handled; more get 503. Default 1,000. */
  readonly maxInFlight: number
  /** The same for one peer address, 429. Default 0, no limit: behind a proxy all come from one. */
  readonly maxInFlightPerAddress: number
  /** Until the first byte of a request, or all its headers, must have come. Default 30 s. */
  readonly headersTimeoutMs: number
  /** Until a whole request must have come; 0 is unlimited. Default 300 s. */
  readonly requestTimeoutMs: number
  /** How long a connection without a request is kept. Default 65 s: longer than proxies do. */
  readonly keepAliveTimeoutMs: number
  /** Silence on a connection, also while a reply is worked on. Default 300 s. */
  readonly connectionTimeoutMs: number
  /** Until a reply must be found, after that the client gets 504. Default 120 s. */
  readonly replyTimeoutMs: number
  /** How long `close` waits for replies under way before it cuts connections. Default 10 s. */
  readonly closeTimeoutMs: number
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  bodyLimitBytes: 100 * 1024 * 1024,
  bufferLimitBytes: 512 * 1024 * 1024,
  headerLimitBytes: 1024 * 1024,
  headerCountLimit: 1_000,
  maxConnections: 10_000,
  maxInFlight: 1_000,
  maxInFlightPerAddress: 0,
  headersTimeoutMs: 30_000,
  requestTimeoutMs: 300_000,
  keepAliveTimeoutMs: 65_000,
  connectionTimeoutMs: 300_000,
  replyTimeoutMs: 120_000,
  closeTimeoutMs: 10_000,
}
