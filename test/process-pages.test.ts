/** Every command and program of docs/processes.md and docs/devices.md does what the page says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counterDevice } from '../examples/counter-device.ts'
import { NEEDS_CURL, runPage, runPrograms } from './docs-page.ts'
import { startTestNode, temporaryFolder } from './node-kit.ts'

test('the commands of docs/processes.md', NEEDS_CURL, async (t) => {
  const { url } = await startTestNode(t, {}, { devices: [counterDevice] })
  const promises = await runPage('docs/processes.md', { url, folder: await temporaryFolder(t) })
  assert.ok(promises >= 10, `${promises} replies are promised`)
})

test('the commands of docs/devices.md', NEEDS_CURL, async (t) => {
  const { url } = await startTestNode(t, {}, { devices: [counterDevice] })
  const promises = await runPage('docs/devices.md', { url, folder: await temporaryFolder(t) })
  assert.ok(promises >= 5, `${promises} replies are promised`)
})

test('the program of docs/devices.md', async () => {
  assert.deepEqual(await runPrograms('docs/devices.md'), ['2\n'])
})
