/**
 * A node on a real file system that is too small: a tmpfs that only the node sees, which a large
 * file shares with its store until that file is removed.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn as spawnProcess, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { createWalletFile } from '../../src/crypto/wallet-file.ts'
import { openSource } from '../../src/node/schedule-source.ts'
import { signMessage, spawn, temporaryFolder } from '../node-kit.ts'
import { type Answer, assertExactly, postTimed } from './fault-kit.ts'

const NODE_CHILD = fileURLToPath(new URL('node-child.ts', import.meta.url))
const CLI = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

/**
 * A file system of its own, of `$2` bytes with a file of `$3` in it, for the command that follows.
 * The file is removed when there is one named `room` in the folder `$4`.
 */
const ON_SMALL_DISK = `
mount -t tmpfs -o "size=$2" none "$1"
head -c "$3" /dev/zero > "$1/filler"
(while [ -d "$4" -a ! -e "$4/room" ]; do sleep 0.05; done; rm -f "$1/filler") >/dev/null 2>&1 &
shift 4
exec "$@"`

const canMount = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0
const skip = canMount ? false : 'Needs mount namespaces of Linux that anybody may make'

interface SmallDisk {
  /** As the node sees it. */
  readonly path: string
  readonly child: ChildProcess
  /** Removes the file that takes the space. */
  readonly makeRoom: () => Promise<void>
}

async function startOnSmallDisk(
  t: TestContext,
  { sizeBytes, fillerBytes }: { readonly sizeBytes: number; readonly fillerBytes: number },
  command: (path: string) => readonly string[],
): Promise<SmallDisk> {
  const path = await temporaryFolder(t)
  const signs = await temporaryFolder(t)
  const shell = ['sh', '-c', ON_SMALL_DISK, 'sh', path, `${sizeBytes}`, `${fillerBytes}`, signs]
  const child = spawnProcess('unshare', ['-rm', ...shell, process.execPath, ...command(path)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(() => void child.kill('SIGKILL'))
  return { path, child, makeRoom: () => writeFile(join(signs, 'room'), '') }
}

async function firstLine({ stdout }: ChildProcess): Promise<string> {
  assert.ok(stdout)
  for await (const line of createInterface({ input: stdout })) return line
  return assert.fail('The node ended before it answered')
}

const DATA = 'x'.repeat(200_000)

async function postUntil(
  url: string,
  processId: string,
  isEnough: (answers: readonly Answer[]) => boolean,
): Promise<Answer[]> {
  const answers: Answer[] = []
  while (!isEnough(answers)) {
    assert.ok(answers.length < 500, 'what was expected has not come')
    const messages = await Promise.all(
      Array.from({ length: 8 }, (_, n) => signMessage(processId, { n, data: DATA })),
    )
    answers.push(...(await Promise.all(messages.map((message) => postTimed(url, message)))))
  }
  return answers
}

for (const storeEngine of ['lmdb', 'fs'] as const) {
  test(`a disk that is full until somebody makes room, ${storeEngine}`, { skip }, async (t) => {
    const size = { sizeBytes: 24_000_000, fillerBytes: 12_000_000 }
    const { child, makeRoom } = await startOnSmallDisk(t, size, (path) => {
      const config = { host: '127.0.0.1', port: 0, storeEngine, storePath: join(path, 'store') }
      return ['--conditions=source', NODE_CHILD, JSON.stringify({ ...config, signReplies: false })]
    })
    const node = JSON.parse(await firstLine(child)) as { url: string; address: string }
    const processId = await spawn(node)
    const failedIn = (answers: readonly Answer[]): Answer[] =>
      answers.filter(({ status }) => status !== 200)
    const full = await postUntil(node.url, processId, (answers) => failedIn(answers).length >= 20)
    for (const { status, error } of failedIn(full)) {
      assert.deepEqual([status, error], [500, 'store-failed'])
    }
    const current = await fetch(`${node.url}/${processId}/slot/current`)
    assert.equal(Number(await current.text()), full.length - failedIn(full).length)
    assert.equal((await fetch(`${node.url}/health`)).status, 200)
    await makeRoom()
    const after = await postUntil(node.url, processId, (answers) =>
      answers.slice(-8).some(({ status }) => status === 200),
    )
    await using opened = await openSource({ kind: 'node', url: node.url })
    await assertExactly({ store: opened.source, processId }, [...full, ...after])
    child.kill('SIGTERM')
    assert.deepEqual(await once(child, 'exit'), [0, null])
  })
}

test('a node does not start on a full disk, and says so in one line', { skip }, async (t) => {
  const wallet = join(await temporaryFolder(t), 'wallet.json')
  await createWalletFile(wallet, { type: 'ed25519' })
  const size = { sizeBytes: 1_048_576, fillerBytes: 2_000_000 }
  const { child, path } = await startOnSmallDisk(t, size, (folder) => [
    ...[CLI, 'start', '--port', '0', '--wallet-file', wallet],
    ...['--store-path', join(folder, 'store')],
  ])
  assert.ok(child.stderr)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  const lines = said.split('\n').filter((line) => !line.startsWith('head:') && line !== '')
  assert.equal(code, 1, said)
  assert.deepEqual(lines, [
    `ao-scheduler: Expected a folder that can be written at ${join(path, 'store')}`,
  ])
})
