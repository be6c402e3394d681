/**
 * Logs, metrics and events: pino and prom-client behind the interfaces of `base/`. Nothing else in
 * the project knows these libraries. Logs go to the standard error, so that the standard output of
 * a command is its answer alone; secrets are taken out of every line here, as the last guard.
 */
import { pino } from 'pino'
import { PinoPretty } from 'pino-pretty'
import { AoError } from '../base/errors.ts'
import type { LogFields, Logger } from '../base/log.ts'

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Default `auto`: pretty on a terminal, else JSON, one object a line. */
  readonly format?: 'auto' | 'pretty' | 'json'
  /** Where lines go instead of the standard error. */
  readonly write?: (line: string) => void
}

export interface FlushableLogger extends Logger {
  /** Resolves when every line so far is written. */
  flush(): Promise<void>
}

/** Fields whose value is never logged, wherever they stand. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'jwk',
  'password',
  'privateKey',
  'secret',
  'token',
]
/** The private parts of a JSON Web Key (RFC 7518). */
const KEY_FIELDS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']
const DEPTHS = ['', '*.', '*.*.']
const CENSOR = '[redacted]'

const STANDARD_ERROR = 2

export function createLogger(options: LoggerOptions = {}): FlushableLogger {
  const { level = 'info', format = 'auto' } = options
  const isPretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY === true)
  const destination = isPretty ? prettyStream(options.write) : plainStream(options.write)
  const root = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: {
        paths: DEPTHS.flatMap((depth) => [
          ...SECRET_FIELDS.map((field) => `${depth}${field}`),
          ...(depth === '' ? [] : KEY_FIELDS.map((field) => `${depth}${field}`)),
        ]),
        censor: CENSOR,
      },
    },
    destination.stream,
  )
  return { ...wrap(root), flush: destination.flush }
}

function wrap(logger: pino.Logger): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => wrap(logger.child(fields)),
  }
}

interface Destination {
  readonly stream: pino.DestinationStream
  readonly flush: () => Promise<void>
}

function plainStream(write: LoggerOptions['write']): Destination {
  if (write !== undefined) return { stream: { write }, flush: async () => undefined }
  const stream = pino.destination({ dest: STANDARD_ERROR, sync: false })
  const flush = (): Promise<void> =>
    new Promise((resolve, reject) => stream.flush((error) => (error ? reject(error) : resolve())))
  return { stream, flush }
}

function prettyStream(write: LoggerOptions['write']): Destination {
  const format = {
    colorize: write === undefined && process.stderr.hasColors?.() === true,
    ignore: 'pid,hostname',
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
  }
  if (write === undefined) {
    const stream = PinoPretty({ ...format, destination: STANDARD_ERROR, sync: true })
    return { stream, flush: async () => undefined }
  }
  const toText = PinoPretty.prettyFactory(format)
  return {
    stream: { write: (line) => write(toText(line)) },
    flush: async () => undefined,
  }
}

/** What a log says of an error: code and facts, the causes below it, and where it was thrown. */
function describeError(error: unknown): LogFields {
  if (!(error instanceof Error)) return { message: String(error) }
  return {
    name: error.name,
    message: error.message,
    ...(error instanceof AoError ? { code: error.code, context: error.context } : {}),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
    stack: error.stack,
  }
}
