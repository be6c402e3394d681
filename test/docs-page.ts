/**
 * Runs the commands of a page of docs/ in a shell, against a node. A line of a block that begins with
 * `# ` is what the command before it must say.
 */
import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = resolve(import.meta.dirname, '..')

/** Options of a test that needs curl. */
export const NEEDS_CURL = {
  skip: spawnSync('curl', ['--version']).status === 0 ? false : 'needs curl',
} as const

export interface PageRun {
  /** Where the node of the page is. */
  readonly url: string
  /** Folder in which the commands run. */
  readonly folder: string
}

/** Runs all shell blocks, in order, and gives how many replies the page promises. */
export async function runPage(page: string, { url, folder }: PageRun): Promise<number> {
  const lines = commands(readFileSync(resolve(ROOT, page), 'utf8'))
  const { stdout } = await run('bash', ['-c', scriptOf(lines, url)], { cwd: folder })
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
  return promises
}

/** Runs each TypeScript block as a program of its own, and gives what they print. */
export async function runPrograms(page: string): Promise<string[]> {
  const blocks = blocksOf(readFileSync(resolve(ROOT, page), 'utf8'), 'ts')
  const runs = blocks.map((block) =>
    run(process.execPath, ['--conditions=source', '--input-type=module-typescript', '-e', block], {
      cwd: ROOT,
    }),
  )
  return (await Promise.all(runs)).map(({ stdout }) => stdout)
}

function blocksOf(page: string, language: string): string[] {
  const fence = new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms')
  return [...page.matchAll(fence)].map(([, block = '']) => block)
}

/** The lines of all shell blocks, in order. */
function commands(page: string): string[] {
  return blocksOf(page, 'sh')
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
  return [
    'set -euo pipefail',
    `ao-scheduler() { "${process.execPath}" "${ROOT}/src/cli/main.ts" "$@"; }`,
    `npx() { shift; local script=$1; shift; "${process.execPath}" "${ROOT}/$script" "$@"; }`,
    ...steps,
  ].join('\n')
}
