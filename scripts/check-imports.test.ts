import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { checkImports, FOLDERS, formatImportTable, PACKAGES } from './check-imports.ts'

function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'imports-'))
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(join(root, dirname(path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return checkImports(root)
  } finally {
    rmSync(root, { recursive: true })
  }
}

test('checkImports() accepts what the table allows, builtins and the own folder', () => {
  const problems = check({
    'src/message/id.ts': `import { createHash } from 'node:crypto'
import { sha256 } from '../crypto/hash.ts'
import type { Message } from './message.ts'
export { x } from '../base/x.ts'
`,
    'src/index.ts': `export { startNode } from './node/node.ts'\n`,
    'src/store/lmdb.ts': `import { open } from 'lmdb'\n`,
    'src/cli/version.ts': `import { version } from '../../package.json' with { type: 'json' }\n`,
  })
  assert.deepEqual(problems, [])
})

test('checkImports() names file, line and rule of a forbidden folder', () => {
  const problems = check({
    'src/store/a.ts': `/** Text. */
import { b } from '../base/b.ts'
import {
  one,
  two,
} from '../message/message.ts'
`,
  })
  assert.deepEqual(problems, ['src/store/a.ts:6: store/ may not import message/ (only: base)'])
})

test('checkImports() sees re-exports, side effects, dynamic and type imports', () => {
  const problems = check({
    'src/base/a.ts': `export type { A } from '../crypto/a.ts'
import '../crypto/b.ts'
export const load = () => import('../crypto/c.ts')
export type D = import('../crypto/d.ts').D
// import('../crypto/e.ts')
`,
  })
  assert.deepEqual(
    problems.map((line) => line.split(': ')[0]),
    ['src/base/a.ts:1', 'src/base/a.ts:2', 'src/base/a.ts:3', 'src/base/a.ts:4'],
  )
})

test('checkImports() keeps a package in its folder and knows no others', () => {
  const problems = check({
    'src/http/a.ts': `import { request } from 'undici'\nimport pino from 'pino'\n`,
    'src/arweave/a.ts': `import { request } from 'undici'\n`,
    'src/crypto/a.ts': `import { keccak_256 } from '@noble/hashes/sha3.js'\n`,
    'src/base/a.ts': `import { chunk } from 'lodash'\n`,
  })
  assert.deepEqual(problems, [
    'src/base/a.ts:1: package lodash has no row in the package table',
    'src/http/a.ts:2: package pino may only be used in telemetry/',
  ])
})

test('checkImports() leaves test files and suites alone', () => {
  const text = `import { a } from '../node/a.ts'\nimport fc from 'fast-check'\n`
  assert.deepEqual(check({ 'src/base/a.test.ts': text, 'src/store/store-suite.ts': text }), [])
})

test('checkImports() refuses a folder without a row, and files outside src', () => {
  const problems = check({
    'src/utils/a.ts': `import { b } from '../base/b.ts'\n`,
    'src/base/b.ts': `import { c } from '../../test/vectors.ts'\n`,
    'dashboard/page.ts': `import { d } from '../src/base/d.ts'\n`,
  })
  assert.deepEqual(problems, [
    'dashboard/page.ts:1: dashboard/ may import nothing from outside itself',
    'src/base/b.ts:1: src/ may not import test/vectors.ts',
    'src/utils/a.ts:1: utils/ has no row in the import table',
  ])
})

test('checkImports() shows a circle of folders with the imports that make it', () => {
  const problems = check({
    'src/node/a.ts': `import { b } from '../cli/b.ts'\n`,
    'src/cli/b.ts': `import { a } from '../node/a.ts'\n`,
  })
  assert.deepEqual(problems, [
    'src/cli/b.ts:1: folders in a circle: cli/ → node/ (src/cli/b.ts:1) → cli/ (src/node/a.ts:1)',
  ])
})

test('the tables name only known folders, and no folder reaches itself', () => {
  const names = new Set(Object.keys(FOLDERS))
  const order = [...names]
  for (const [folder, allowed] of Object.entries(FOLDERS)) {
    for (const name of allowed === 'everything' ? [] : allowed) {
      assert.ok(names.has(name), name)
      assert.ok(order.indexOf(name) < order.indexOf(folder), `${folder} before ${name}`)
    }
  }
  for (const folders of Object.values(PACKAGES)) {
    for (const folder of folders) assert.ok(names.has(folder), folder)
  }
})

test('formatImportTable() has a row for each folder', () => {
  const rows = formatImportTable().split('\n')
  assert.equal(rows.length, Object.keys(FOLDERS).length + 1)
  assert.ok(rows.includes('| `http/` | base, message, codec, resolver, legacy | fastify, undici |'))
})
