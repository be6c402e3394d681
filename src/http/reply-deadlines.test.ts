import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReplyDeadlines, type Expiring } from './reply-deadlines.ts'

function waiting(): Expiring & { readonly expired: Promise<number> } {
  const { promise, resolve } = Promise.withResolvers<number>()
  return { expired: promise, expire: resolve }
}

/** The timer of the deadlines keeps no process alive: connections do, and here there are none. */
function staysAwake(t: { after: (run: () => void) => void }): void {
  const timer = setInterval(() => undefined, 1_000)
  t.after(() => clearInterval(timer))
}

test('each request expires when its own time is up, one after the other', async (t) => {
  staysAwake(t)
  const deadlines = createReplyDeadlines(30)
  const [first, second] = [waiting(), waiting()]
  const startedMs = performance.now()
  deadlines.add(first)
  await new Promise((resolve) => setTimeout(resolve, 15))
  const secondMs = performance.now()
  deadlines.add(second)
  assert.equal(await first.expired, 30)
  assert.ok(performance.now() - startedMs >= 29)
  await second.expired
  assert.ok(performance.now() - secondMs >= 29)
})

test('a request that is deleted does not expire, and keeps no other from it', async (t) => {
  staysAwake(t)
  const deadlines = createReplyDeadlines(20)
  const answered: Expiring = { expire: () => assert.fail('Expected no call') }
  const late = waiting()
  const deadline = deadlines.add(answered)
  deadlines.add(late)
  deadlines.delete(deadline)
  await late.expired
})
