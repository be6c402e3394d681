/** Every command of docs/cron.md does what the page says, in a shell, against a node. */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { startTestNode, temporaryFolder } from './node-kit.ts'

const run = promisify(execFile)
const hasCurl = spawnSync('curl', ['--version']).status === 0

/** The lines of all shell blocks, in order. */
function commands(page: string): string[] {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = '']) => block)
  return blocks
    .join('')
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '')
}

/** A script that prints each command, and what it says, after a mark. */
function scriptOf(lines: readonly string[], url: string): string {
  const steps = lines
    .filter((line) => !line.startsWith('# '))
    .map((line) =>
      line.replace('http://localhost:8734', url).replaceAll('npx ao-scheduler', 'ao-scheduler'),
    )
    .map((line) => `echo; echo '@@@'; ${line}`)
  const root = resolve(import.meta.dirname, '..')
  return [
    'set -euo pipefail',
    `ao-scheduler() { "${process.execPath}" "${root}/src/cli/main.ts" "$@"; }`,
    `npx() { shift; local script=$1; shift; "${process.execPath}" "${root}/$script" "$@"; }`,
    ...steps,
  ].join('\n')
}

test('the commands of docs/cron.md', { skip: hasCurl ? false : 'needs curl' }, async (t) => {
  const node = await startTestNode(t, { cronAccess: 'open' })
  const lines = commands(readFileSync(new URL('../docs/cron.md', import.meta.url), 'utf8'))
  const script = scriptOf(lines, node.url)
  const { stdout } = await run('bash', ['-c', script], { cwd: await temporaryFolder(t) })
  const said = stdout.split('\n@@@\n').slice(1)
  let step = -1
  let promises = 0
  for (const line of lines) {
    if (!line.startsWith('# ')) step++
    else {
      assert.ok(said[step]?.includes(line.slice(2)), `${line}\n${said[step]}`)
      promises++
    }
  }
  assert.ok(promises >= 9, `${promises} replies are promised`)
})
