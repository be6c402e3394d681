/** Every command of docs/cron.md does what the page says, in a shell, against a node. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NEEDS_CURL, runPage } from './docs-page.ts'
import { startTestNode, temporaryFolder } from './node-kit.ts'

test('the commands of docs/cron.md', NEEDS_CURL, async (t) => {
  const { url } = await startTestNode(t, { cronAccess: 'open' })
  const promises = await runPage('docs/cron.md', { url, folder: await temporaryFolder(t) })
  assert.ok(promises >= 9, `${promises} replies are promised`)
})
