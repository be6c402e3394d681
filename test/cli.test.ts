/**
 * The command line against the golden files: every message through `message id`, `message convert`
 * and `message verify`, every path through `path parse`, each command in one process.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { readMessageVectors, readVectorFile } from './vectors.ts'

const main = new URL('../src/cli/main.ts', import.meta.url).pathname

const vectors = readMessageVectors()

interface Finished {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

async function runText(args: readonly string[], input = ''): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args])
  const ended = once(child, 'close')
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [code] = await ended
  return { code, stdout, stderr }
}

/** Runs a command over JSON lines and gives the line that answers each. */
async function run(args: readonly string[], inputs: readonly unknown[]): Promise<unknown[]> {
  const input = inputs.map((json) => `${JSON.stringify(json)}\n`).join('')
  const { code, stdout, stderr } = await runText(args, input)
  assert.equal(code, 0, stderr)
  const lines = stdout.split('\n').filter((line) => line !== '')
  assert.equal(lines.length, inputs.length)
  return lines.map((line) => JSON.parse(line))
}

type Fields = Readonly<Record<string, unknown>>

function isError(field: unknown): boolean {
  return typeof field === 'object' && field !== null && 'error' in field
}

function part(vector: Fields, field: string): Fields | undefined {
  const value = vector[field]
  return isError(value) ? undefined : (value as Fields)
}

const COMMITTED = [
  'commit_httpsig',
  'commit_httpsig_bundle',
  'commit_ans104',
  'commit_ans104_bundle',
]

test('message id gives the ids of the reference, for plain and for signed messages', async () => {
  const messages = vectors.flatMap(({ name, vector }) => [
    { name, msg: vector.msg, all: vector.id_all, none: vector.id_uncommitted },
    ...[...COMMITTED, 'unsigned_commit_httpsig'].flatMap((field) => {
      const made = part(vector, field)
      return made
        ? [{ name: `${name} ${field}`, msg: made.msg, all: made.id_all, none: made.id_none }]
        : []
    }),
  ])
  assert.ok(messages.length > 600)
  const inputs = messages.map(({ msg }) => msg)
  const all = await run(['message', 'id'], inputs)
  const none = await run(['message', 'id', '--committers', 'none'], inputs)
  for (const [i, message] of messages.entries()) {
    assert.equal(all[i], message.all, message.name)
    assert.equal(none[i], message.none, message.name)
  }
})

const CONVERSIONS: readonly { field: string; args: readonly string[] }[] = [
  { field: 'tabm', args: ['--to', 'tabm'] },
  { field: 'tabm_bundle', args: ['--to', 'tabm', '--bundle'] },
  { field: 'flat', args: ['--to', 'flat'] },
  { field: 'json', args: ['--to', 'json'] },
  { field: 'httpsig', args: ['--to', 'httpsig'] },
  { field: 'httpsig_bundle', args: ['--to', 'httpsig', '--bundle'] },
]

for (const { field, args } of CONVERSIONS) {
  test(`message convert ${args.join(' ')} gives what the reference gives`, async () => {
    const answers = await run(
      ['message', 'convert', ...args],
      vectors.map(({ vector }) => vector.msg),
    )
    for (const [i, { name, vector }] of vectors.entries()) {
      if (!isError(vector[field])) assert.deepEqual(answers[i], vector[field], name)
    }
  })
}

test('every message that JSON cannot hold is an error in its line, with code and message', async () => {
  const binaries = vectors.filter(({ name }) => /^(20|41|48)-/.test(name))
  assert.equal(binaries.length, 3)
  const inputs = binaries.map(({ vector }) => vector.msg)
  for (const answer of await run(['message', 'convert', '--to', 'json'], inputs)) {
    assert.equal((answer as Fields).error, 'unencodable')
    assert.match(String((answer as Fields).message), /UTF-8/)
  }
})

/** The part of a serialised item that its signer decided: everything behind signature and owner. */
function itemContent(item: unknown): string {
  assert.equal(typeof item, 'string', JSON.stringify(item))
  return Buffer.from(String(item), 'base64url')
    .subarray(2 + 512 + 512)
    .toString('base64url')
}

for (const [field, args] of [
  ['commit_ans104', ['--to', 'ans104']],
  ['commit_ans104_bundle', ['--to', 'ans104', '--bundle']],
] as const) {
  test(`message convert ${args.join(' ')} makes the item that the reference signs`, async () => {
    const convert = ['message', 'convert', ...args]
    const plain = await run(
      convert,
      vectors.map(({ vector }) => vector.msg),
    )
    for (const [i, { name, vector }] of vectors.entries()) {
      const made = part(vector, field)
      if (made?.verify_item !== true) continue
      assert.equal(itemContent(plain[i]), itemContent(made.item_b64url), name)
    }
  })
}

interface Signed {
  readonly name: string
  readonly input: unknown
  readonly expected: unknown
}

function signed(field: string, pick: (made: Fields) => unknown, expected = 'verify_all'): Signed[] {
  return vectors.flatMap(({ name, vector }) => {
    const made = part(vector, field)
    return made ? [{ name: `${name} ${field}`, input: pick(made), expected: made[expected] }] : []
  })
}

// A message signed as a bundle needs its nested messages at hand; in the files they are links.
const SIGNED: Readonly<Record<string, readonly Signed[]>> = {
  typed: [
    'unsigned_commit_httpsig',
    'commit_httpsig',
    'commit_ans104',
    'commit_ans104_bundle',
  ].flatMap((field) => signed(field, ({ msg }) => msg)),
  httpsig: ['unsigned_commit_httpsig', 'commit_httpsig'].flatMap((field) =>
    signed(field, ({ http }) => http),
  ),
  ans104: ['commit_ans104', 'commit_ans104_bundle'].flatMap((field) =>
    signed(field, ({ item_b64url }) => item_b64url, 'verify_item'),
  ),
}

test('message convert --to ans104 gives back the signed item of a message', async () => {
  const items = signed('commit_ans104', ({ msg }) => msg, 'item_b64url')
  const inputs = items.map(({ input }) => input)
  const answers = await run(['message', 'convert', '--to', 'ans104'], inputs)
  const faulty = vectors.filter(
    ({ vector }) => part(vector, 'commit_ans104')?.verify_item === false,
  )
  for (const [i, { name, expected }] of items.entries()) {
    // Of these the reference shows an item that it could not verify itself.
    if (faulty.some((vector) => name.startsWith(`${vector.name} `))) continue
    assert.equal(answers[i], expected, name)
  }
})

for (const [from, messages] of Object.entries(SIGNED)) {
  test(`message verify --from ${from} says what the reference says`, async () => {
    const inputs = messages.map(({ input }) => input)
    const answers = await run(['message', 'verify', '--from', from], inputs)
    for (const [i, { name, expected }] of messages.entries()) {
      assert.equal(answers[i], expected, name)
    }
  })
}

test('message verify is false for a message that was changed after it was committed', async () => {
  for (const field of ['unsigned_commit_httpsig', 'commit_httpsig', 'commit_ans104']) {
    const changed = signed(field, ({ msg }) => changeOneKey(msg))
    const inputs = changed.map(({ input }) => input).filter((input) => input !== undefined)
    assert.ok(inputs.length > 100)
    const answers = await run(['message', 'verify'], inputs)
    assert.deepEqual(new Set(answers), new Set([false]), field)
  }
})

/** The message with one binary value replaced; `undefined` where it has none. */
function changeOneKey(msg: unknown): unknown {
  const copy = structuredClone(msg) as { v: Record<string, { t: string; v: unknown }> }
  const key = Object.keys(copy.v).find((name) => name !== 'commitments')
  if (key === undefined) return undefined
  copy.v[key] = { t: 'bin', v: 'changed' }
  return copy
}

test('message verify reads headers as pairs, and bytes in them', async () => {
  const bytes = vectors.find(({ name }) => name.startsWith('48-'))
  const http = part(bytes?.vector ?? {}, 'commit_httpsig')?.http as { headers: object }
  const pairs = { ...http, headers: Object.entries(http.headers) }
  assert.deepEqual(await run(['message', 'verify', '--from', 'httpsig'], [http, pairs]), [
    true,
    true,
  ])
})

test('path parse gives the steps of the reference, and an error where it has one', async () => {
  const paths = readVectorFile('paths') as { path: string; result: unknown }[]
  const answers = await run(
    ['path', 'parse'],
    paths.map(({ path }) => path),
  )
  for (const [i, { path, result }] of paths.entries()) {
    if (!isError(result)) assert.deepEqual(answers[i], result, path)
    else assert.equal((answers[i] as Fields).error, 'invalid-path', path)
  }
})

test('a line that cannot be answered is an error in its place, and the next ones are answered', async () => {
  const good = vectors[0]?.vector.msg
  const answers = await run(
    ['message', 'id'],
    [good, { t: 'nonsense' }, 7, { t: 'list', v: [] }, good],
  )
  assert.equal(answers[4], answers[0])
  assert.deepEqual(
    answers.slice(1, 4).map((answer) => (answer as Fields).error),
    ['invalid-encoding', 'invalid-encoding', 'invalid-message'],
  )
  const text = await runText(['message', 'id'], 'not json\n\n')
  assert.equal(
    text.stdout,
    '{"error":"invalid-encoding","message":"Expected one JSON value on a line"}\n',
  )
})

test('a thousand lines take one process and seconds', async () => {
  const inputs = Array.from({ length: 1_000 }, (_, i) => vectors[i % vectors.length]?.vector.msg)
  const start = performance.now()
  await run(['message', 'id'], inputs)
  assert.ok(performance.now() - start < 20_000)
})

test('help, version and the wallet commands answer on the standard output', async () => {
  const help = await runText(['help'])
  assert.match(help.stdout, /^Usage: ao-scheduler COMMAND/)
  assert.match(
    (await runText(['message', 'convert', '--help'])).stdout,
    /^Usage: ao-scheduler message convert --to/,
  )
  assert.match((await runText(['--version'])).stdout, /^\d+\.\d+\.\d+\n$/)
  const folder = mkdtempSync(join(tmpdir(), 'cli-'))
  try {
    const file = join(folder, 'wallet.json')
    const made = await runText(['wallet', 'new', file, '--type', 'ed25519'])
    assert.match(made.stdout, /^[\w-]{43}\n$/)
    assert.equal((await runText(['wallet', 'address', file])).stdout, made.stdout)
    const again = await runText(['wallet', 'new', file])
    assert.equal(again.code, 1)
    assert.equal(again.stderr.trim().split('\n').length, 1)
    assert.ok(again.stderr.includes(file), again.stderr)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('config print shows each value and where it came from', async () => {
  const { stdout } = await runText(['config', 'print', '--port', '1', '--no-sign-replies'])
  assert.match(stdout, /^port +1 +flag$/m)
  assert.match(stdout, /^signReplies +false +flag$/m)
  assert.match(stdout, /^mode +"local_confirmation" +default$/m)
  assert.equal(JSON.parse((await runText(['config', 'print', '--json'])).stdout).port, 8734)
})

for (const [args, expected] of [
  [['start', '--prot', '1'], /^ao-scheduler: Unknown flag: --prot; did you mean --port\?$/],
  [
    ['start', '--config', 'none.json'],
    /^ao-scheduler: Expected a configuration file in JSON at none.json/,
  ],
  [['mesage', 'id'], /^ao-scheduler: Unknown command: mesage id; did you mean message id\?$/],
  [['message', 'convert', '--to', 'xml'], /^ao-scheduler: Expected --to to be one of tabm, /],
  [['message', 'convert'], /^ao-scheduler: Expected --to tabm\|/],
  [['message', 'id', '--all'], /^ao-scheduler: Unknown option "--all"$/],
  [['wallet', 'address', 'none.json'], /^ao-scheduler: Expected a wallet file; .*: none.json$/],
] as const) {
  test(`ao-scheduler ${args.join(' ')} fails with one clear line`, async () => {
    const { code, stdout, stderr } = await runText(args)
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr.trimEnd(), expected)
    assert.equal(stderr.split('\n').length, 2, stderr)
  })
}

test('start prints address, URL and store, answers, and stops at a signal', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cli-'))
  const flags = ['--host', '127.0.0.1', '--log-format', 'json']
  const child = spawn(process.execPath, [main, 'start', '--port', '0', ...flags], { cwd: folder })
  try {
    const ended = once(child, 'close')
    const stderr = text(child.stderr)
    const greeting = await firstText(child.stdout)
    const url = /^ {2}url +(http:\/\/127\.0\.0\.1:\d+)$/m.exec(greeting)?.[1] ?? ''
    const address = /^ {2}address +([\w-]{43})$/m.exec(greeting)?.[1]
    assert.match(greeting, /^ {2}store +lmdb\(/m)
    assert.equal(await (await fetch(`${url}/~meta@1.0/info/address`)).text(), address)
    const wallet = await runText(['wallet', 'address', join(folder, 'data', 'wallet.json')])
    assert.equal(wallet.stdout.trim(), address)

    const second = ['start', '--port', new URL(url).port, '--store-engine', 'memory', ...flags]
    const refused = await runText(second)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /^ao-scheduler: .*EADDRINUSE.*\n$/)

    child.kill('SIGTERM')
    assert.deepEqual(await ended, [0, null])
    assert.match(await stderr, /"msg":"Node stopped"/)
  } finally {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  }
})

async function firstText(stream: AsyncIterable<Buffer>): Promise<string> {
  for await (const chunk of stream) return chunk.toString()
  return ''
}
