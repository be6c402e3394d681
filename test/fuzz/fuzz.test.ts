import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { runFuzz } from './run.ts'
import { openTargets } from './targets.ts'

const CASES = 10_000
/** Far beyond what a case takes, also where much else runs: what grows with its square is longer. */
const HANG_MS = 10_000
const REGRESSIONS = join(import.meta.dirname, 'regressions')

const { targets, close } = await openTargets()
let isClosed = false
after(async () => {
  if (!isClosed) await close()
})

for (const file of await readdir(REGRESSIONS)) {
  test(`what failed once: ${file}`, async () => {
    const target = targets.find(({ name }) => name === file.replace(/\..*$/, ''))
    assert.ok(target, 'the file is named after a target')
    await target.again(await readFile(join(REGRESSIONS, file), 'utf8'))
  })
}

test(`${CASES} cases of hostile input meet an answer or a refusal with a reason`, async (t) => {
  const seed = Date.now() % 1_000_000
  t.diagnostic(`seed ${seed}`)
  const { cases, failures } = await runFuzz(targets, { seed, cases: CASES, hangMs: HANG_MS })
  for (const { target, error, case: text } of failures) {
    assert.fail(`${target}, seed ${seed}: ${error}\n${text.slice(0, 2_000)}`)
  }
  assert.ok(cases >= CASES)
  isClosed = true
  t.diagnostic(await close())
})
