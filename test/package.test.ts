/** What a fresh clone needs from package.json and its lockfile. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

interface Package {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../${path}`, import.meta.url), 'utf8'))
}

const { packages } = readJson('package-lock.json') as {
  readonly packages: Readonly<Record<string, Package>>
}

test('package-lock.json names no registry', () => {
  assert.ok(!JSON.stringify(packages).includes('"resolved"'))
})

test('package-lock.json holds the optional packages of every platform, or npm ci would refuse it', () => {
  for (const [path, { version, optionalDependencies = {} }] of Object.entries(packages)) {
    assert.ok(version !== undefined, path)
    for (const name of Object.keys(optionalDependencies)) {
      assert.ok(packages[`node_modules/${name}`] ?? packages[`${path}/node_modules/${name}`], name)
    }
  }
})

test('every install script is allowed or denied by name', () => {
  const { allowScripts } = readJson('package.json') as { allowScripts: Record<string, boolean> }
  for (const [path, { hasInstallScript }] of Object.entries(packages)) {
    const name = path.split('node_modules/').at(-1) ?? ''
    if (hasInstallScript === true && name !== 'fsevents') assert.ok(name in allowScripts, name)
  }
  assert.equal(allowScripts.node, true)
})

test('tests run under the Node that package.json pins', () => {
  const { devDependencies } = readJson('package.json') as {
    devDependencies: Record<string, string>
  }
  assert.equal(process.versions.node, devDependencies.node)
})
