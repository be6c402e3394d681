/** Whatever happens to a node, each due time of a task ran, was missed or was left out: once. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type CronFixture, heldAnswers, startCron } from './cron-fixture.ts'

type Event =
  | { readonly kind: 'wait' | 'sleep' | 'crash'; readonly ms: number }
  /** So many runs that are under way end. */
  | { readonly kind: 'answer'; readonly count: number }

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 30_000 }) }),
  fc.record({ kind: fc.constant('sleep' as const), ms: fc.integer({ min: 1, max: 120_000 }) }),
  fc.record({ kind: fc.constant('crash' as const), ms: fc.integer({ min: 1, max: 120_000 }) }),
  fc.record({ kind: fc.constant('answer' as const), count: fc.integer({ min: 1, max: 20 }) }),
)

const task = fc.record({
  interval: fc.integer({ min: 1, max: 12 }).map((seconds) => `${seconds}-seconds`),
  missed: fc.constantFrom('skip', 'once', 'catch-up-5', 'catch-up-1000'),
  overlap: fc.constantFrom('skip', 'queue', 'allow'),
})

type Held = ReturnType<typeof heldAnswers>

async function happen(fixture: CronFixture, { release }: Held, what: Event): Promise<CronFixture> {
  switch (what.kind) {
    case 'wait':
      await fixture.time.advance(what.ms)
      return fixture
    case 'sleep':
      fixture.time.jump(what.ms)
      await fixture.time.advance(1)
      return fixture
    case 'crash':
      return fixture.restart(what.ms)
    case 'answer':
      for (let n = 0; n < what.count; n++) release()
      await fixture.time.advance(1)
      return fixture
  }
}

/** Lets all runs end, so that nothing is under way. */
async function settle({ time, cron }: CronFixture, { release }: Held, id: string): Promise<void> {
  for (let n = 0; n < 5_000; n++) {
    const { live } = cron.get(id) ?? { live: undefined }
    if (live === undefined || (live.running === 0 && live.leftOvers.length === 0)) return
    release()
    await time.advance(1)
  }
  assert.fail('All runs end')
}

test('each due time is accounted for exactly once', async () => {
  const property = fc.asyncProperty(
    task,
    fc.array(event, { maxLength: 12 }),
    async (keys, events) => {
      const held = heldAnswers()
      let fixture = await startCron({
        ...{ answer: held.answer, historyLength: 100, runTimeoutMs: 10_000_000 },
      })
      const id = await fixture.create('every', { 'cron-path': '/x', ...keys })
      for (const what of events) fixture = await happen(fixture, held, what)
      await fixture.time.advance(1)
      await settle(fixture, held, id)
      const {
        definition,
        nextDue = 0,
        runs,
        missedRuns,
        skippedRuns,
        unsettled,
        history,
      } = fixture.task(id)
      const intervalMs = Number.parseInt(keys.interval, 10) * 1_000
      const due = (nextDue - definition.createdMs) / intervalMs
      assert.deepEqual(unsettled, [])
      assert.equal(runs + missedRuns + skippedRuns, due)
      const recorded = history.list().map((run) => run.due)
      assert.equal(new Set(recorded).size, recorded.length)
      if (keys.missed === 'catch-up-1000') assert.equal(missedRuns, 0)
    },
  )
  await fc.assert(property, { numRuns: 100 })
})
