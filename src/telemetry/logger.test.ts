import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AoError } from '../base/errors.ts'
import { createLogger } from './logger.ts'

function capture(options: Parameters<typeof createLogger>[0] = {}) {
  const lines: string[] = []
  const logger = createLogger({ format: 'json', ...options, write: (line) => lines.push(line) })
  return {
    logger,
    lines,
    last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>,
  }
}

test('createLogger() writes one JSON object a line with level, time and fields', () => {
  const { logger, lines, last } = capture()
  logger.child({ part: 'http' }).info({ port: 1 }, 'Listening')
  assert.equal(lines.length, 1)
  const { time, ...rest } = last()
  assert.deepEqual(rest, { level: 'info', part: 'http', port: 1, msg: 'Listening' })
  assert.match(String(time), /^\d{4}-\d\d-\d\dT/)
})

test('createLogger() drops what is below its level', () => {
  const { logger, lines } = capture({ level: 'warn' })
  logger.info({}, 'no')
  logger.debug({}, 'no')
  logger.warn({}, 'yes')
  assert.equal(lines.length, 1)
})

test('createLogger() never writes secrets, at any depth that is looked into', () => {
  const { logger, lines } = capture()
  const jwk = { kty: 'RSA', n: 'public', d: 'hush', p: 'hush', q: 'hush', dp: 'hush', qi: 'hush' }
  logger.info({ jwk, authorization: 'hush' }, 'one')
  logger.info({ wallet: jwk, headers: { cookie: 'hush', authorization: 'hush' } }, 'two')
  logger.info({ request: { headers: { authorization: 'hush', accept: '*/*' } } }, 'three')
  logger.info({ error: new AoError('invalid-wallet', 'No', { password: 'hush' }) }, 'four')
  assert.ok(!lines.join('').includes('hush'), lines.join(''))
  assert.ok(lines.join('').includes('public'))
  assert.ok(lines.join('').includes('*/*'))
})

test('createLogger() tells code, context and causes of an error', () => {
  const { logger, last } = capture()
  const error = new AoError('store-failed', 'Disk full', { path: 'a' }, new Error('ENOSPC'))
  logger.error({ err: error }, 'Failed')
  const { stack, cause, ...rest } = last().err as Record<string, unknown>
  assert.deepEqual(rest, {
    name: 'AoError',
    message: 'Disk full',
    code: 'store-failed',
    context: { path: 'a' },
  })
  assert.match(String(stack), /logger\.test/)
  assert.equal((cause as { message: string }).message, 'ENOSPC')
})

test('createLogger() writes a line for people when it is pretty', () => {
  const { logger, lines } = capture({ format: 'pretty' })
  logger.info({ port: 1 }, 'Listening')
  assert.match(lines.join(''), /^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: Listening {"port":1}\n$/)
})
