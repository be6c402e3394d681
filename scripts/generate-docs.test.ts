import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { findMissingFiles, findStaleDocs, generateDocs } from './generate-docs.ts'

const root = mkdtempSync(join(tmpdir(), 'docs-'))
after(() => rmSync(root, { recursive: true }))
mkdirSync(join(root, 'docs'))
writeFileSync(
  join(root, 'ARCHITECTURE.md'),
  'Before\n<!-- import table: generated -->\nold\n<!-- end of import table -->\nAfter\n',
)

test('generateDocs() fills the import table in and leaves the rest of the page', () => {
  const page = generateDocs(root).get('ARCHITECTURE.md') ?? ''
  assert.match(page, /^Before\n<!-- import table: generated -->\n\n\| folder \| may import/)
  assert.match(
    page,
    /\| `cli\/` \| base, config, node \| {2}\|\n\n<!-- end of import table -->\nAfter\n$/,
  )
})

test('findStaleDocs() names what is missing or old, and nothing once it is written', () => {
  assert.deepEqual(findStaleDocs(root), [
    'docs/configuration.md',
    'docs/limits.md',
    'ARCHITECTURE.md',
  ])
  for (const [path, text] of generateDocs(root)) writeFileSync(join(root, path), text)
  assert.deepEqual(findStaleDocs(root), [])
})

test('findMissingFiles() names a page and the file that it promises', () => {
  writeFileSync(
    join(root, 'README.md'),
    'See `docs/configuration.md`, `src/none.ts`, `docs/`, `npm test`',
  )
  assert.deepEqual(findMissingFiles(root), ['README.md: src/none.ts'])
})
