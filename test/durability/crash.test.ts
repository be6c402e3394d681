import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crash, formatReport } from './crash.ts'

const KILLS = 50

test(`${KILLS} nodes that are killed lose, double and change nothing they acknowledged`, async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}`)
  const report = await crash(KILLS, seed)
  t.diagnostic(formatReport(report, seed))
  const { start, load, stop } = report.kills
  assert.ok(start + load + stop >= KILLS)
  assert.ok(report.acknowledged > KILLS && report.refused > 0)
})
