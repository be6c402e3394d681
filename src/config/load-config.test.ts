import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { AoError } from '../base/errors.ts'
import { formatConfig, formatFlags, formatOptions } from './describe-config.ts'
import {
  environmentName,
  flagName,
  loadConfig,
  resolveConfig,
  walletFileOf,
} from './load-config.ts'
import { nearest } from './nearest.ts'
import { type NodeConfig, OPTION_NAMES, OPTIONS, optionOf } from './options.ts'

const folder = mkdtempSync(join(tmpdir(), 'config-'))
after(() => rmSync(folder, { recursive: true }))

function file(text: string): string {
  const path = join(folder, `${Math.random()}.json`)
  writeFileSync(path, text)
  return path
}

function message(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof AoError, String(error))
    assert.equal(error.code, 'invalid-config')
    return error.message
  }
  return assert.fail('Expected an error')
}

test('loadConfig() without any input gives the defaults', () => {
  const { config, origins } = loadConfig({ env: {} })
  for (const name of OPTION_NAMES) {
    assert.deepEqual(config[name], OPTIONS[name].default, name)
    assert.equal(origins[name], 'default')
  }
  assert.equal(config.port, 8734)
  assert.equal(config.mode, 'local_confirmation')
})

test('every default fits its own option', () => {
  for (const name of OPTION_NAMES) {
    const option = optionOf(name)
    assert.ok(option.schema.safeParse(option.default).success, name)
  }
})

test('loadConfig() takes defaults < file < environment < flags', () => {
  const first = file('{"port": 1, "host": "a", "storePath": "s", "pageLimit": 10}')
  const second = file('{"port": 2, "host": "b", "storePath": "t"}')
  const { config, origins } = loadConfig({
    files: [first],
    env: { AO_SCHEDULER_PORT: '3', AO_SCHEDULER_HOST: 'c', PATH: 'other' },
    argv: ['--config', second, '--port=4'],
  })
  assert.equal(config.port, 4)
  assert.equal(config.host, 'c')
  assert.equal(config.storePath, 't')
  assert.equal(config.pageLimit, 10)
  assert.deepEqual(
    [origins.port, origins.host, origins.storePath, origins.mode],
    ['flag', 'environment', 'file', 'default'],
  )
})

test('loadConfig() reads the file of AO_SCHEDULER_CONFIG', () => {
  const { config } = loadConfig({ env: { AO_SCHEDULER_CONFIG: file('{"port": 5}') } })
  assert.equal(config.port, 5)
})

test('loadConfig() reads each kind of option from text', () => {
  const { config } = loadConfig({
    env: {
      AO_SCHEDULER_NOTIFY_PEERS: 'http://a.example, http://b.example',
      AO_SCHEDULER_VERIFY_ASSIGNMENTS: 'accept-unsigned',
      AO_SCHEDULER_BODY_LIMIT_BYTES: '1_000',
      AO_SCHEDULER_FOLLOW_HINTS: 'off',
    },
    argv: ['--test-devices', '--no-sign-replies', '--follow-redirects=false', '--mode', 'disabled'],
  })
  assert.deepEqual(config.notifyPeers, ['http://a.example', 'http://b.example'])
  assert.equal(config.verifyAssignments, 'accept-unsigned')
  assert.equal(config.bodyLimitBytes, 1_000)
  assert.equal(config.followHints, false)
  assert.equal(config.testDevices, true)
  assert.equal(config.signReplies, false)
  assert.equal(config.followRedirects, false)
  assert.equal(config.mode, 'disabled')
  assert.equal(
    loadConfig({ argv: ['--verify-assignments', 'false'], env: {} }).config.verifyAssignments,
    false,
  )
})

test('every option can be set by its flag and its variable', () => {
  for (const name of OPTION_NAMES) {
    const { default: value, isSwitch } = optionOf(name)
    if (value === undefined || Array.isArray(value)) continue
    const text = String(value)
    const argv = [`--${flagName(name)}${isSwitch && value === true ? '' : `=${text}`}`]
    assert.deepEqual(loadConfig({ env: {}, argv }).config[name], value, name)
    assert.deepEqual(
      loadConfig({ env: { [environmentName(name)]: text } }).config[name],
      value,
      name,
    )
  }
})

test('an unknown name is an error that names the nearest known one', () => {
  const path = file('{"storepath": "x"}')
  assert.equal(
    message(() => loadConfig({ env: {}, files: [path] })),
    `Unknown option in the file ${path}: storepath; did you mean storePath?`,
  )
  assert.equal(
    message(() => loadConfig({ env: { AO_SCHEDULER_PROT: '1' } })),
    'Unknown environment variable: AO_SCHEDULER_PROT; did you mean AO_SCHEDULER_PORT?',
  )
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['--prot', '1'] })),
    'Unknown flag: --prot; did you mean --port?',
  )
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['--quite-another-thing'] })),
    'Unknown flag: --quite-another-thing; see docs/configuration.md',
  )
  assert.equal(
    message(() => resolveConfig({ ports: 1 } as unknown as Partial<NodeConfig>)),
    'Unknown option in the given options: ports; did you mean port?',
  )
  assert.match(
    message(() => loadConfig({ env: {}, files: [file('{"__proto__x": 1, "constructor": 2}')] })),
    /^Unknown option in the file .*: __proto__x; see/,
  )
})

test('a value that does not fit is an error that says what was expected and what came', () => {
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['--port', '70000'] })),
    'Expected --port to be a whole number from 0 to 65535, got 70000',
  )
  assert.equal(
    message(() => loadConfig({ env: { AO_SCHEDULER_PORT: 'abc' } })),
    'Expected AO_SCHEDULER_PORT to be a whole number from 0 to 65535, got "abc"',
  )
  const path = file('{"port": "8734"}')
  assert.equal(
    message(() => loadConfig({ env: {}, files: [path] })),
    `Expected "port" in the file ${path} to be a whole number from 0 to 65535, got "8734"`,
  )
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['--mode', 'fast'] })),
    'Expected --mode to be one of aggressive, local_confirmation, remote_confirmation, disabled, got "fast"',
  )
  assert.equal(
    message(() => loadConfig({ env: {}, files: [file('{"gatewayUrl": null}')] })).slice(-36),
    'to be an http or https URL, got null',
  )
})

test('an error never shows the password of a URL', () => {
  const text = message(() =>
    loadConfig({ env: {}, argv: ['--bundler-url', 'ftp://me:secret@host'] }),
  )
  assert.equal(text, 'Expected --bundler-url to be an http or https URL, got "ftp://***@host"')
})

test('flags without a value, other words and files that are no JSON object are errors', () => {
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['--port'] })),
    'Expected a value after --port',
  )
  assert.equal(
    message(() => loadConfig({ env: {}, argv: ['8734'] })),
    'Expected flags only, such as --port 8734, got "8734"',
  )
  assert.match(
    message(() => loadConfig({ env: {}, files: [file('[]')] })),
    /^Expected one JSON object/,
  )
  assert.match(
    message(() => loadConfig({ env: {}, files: [file('{')] })),
    /^Expected a configuration file in JSON/,
  )
  assert.match(
    message(() => loadConfig({ env: {}, files: [join(folder, 'none.json')] })),
    /ENOENT/,
  )
})

test('options that only make sense together are checked together', () => {
  assert.match(
    message(() => resolveConfig({ mode: 'remote_confirmation' })),
    /needs bundlerUrl/,
  )
  assert.match(
    message(() => resolveConfig({ storePath: 'a', schedulerStorePath: 'a' })),
    /another folder than storePath/,
  )
})

test('resolveConfig() completes given options; undefined stands for the default', () => {
  const config = resolveConfig({ port: 0, storeEngine: 'memory', gatewayUrl: undefined })
  assert.equal(config.port, 0)
  assert.equal(config.host, OPTIONS.host.default)
  assert.equal(config.gatewayUrl, undefined)
})

test('walletFileOf() is beside the store, and nowhere for a memory store', () => {
  assert.equal(walletFileOf(resolveConfig({ storePath: 'x/y' })), join('x', 'wallet.json'))
  assert.equal(walletFileOf(resolveConfig({ storeEngine: 'memory' })), undefined)
  assert.equal(walletFileOf(resolveConfig({ storeEngine: 'memory', walletFile: 'w' })), 'w')
})

test('nearest() sees slips of case, separators and single letters, and gives up on others', () => {
  const known = ['storePath', 'storeEngine', 'port']
  assert.equal(nearest('store_path', known), 'storePath')
  assert.equal(nearest('StoreEngin', known), 'storeEngine')
  assert.equal(nearest('prt', known), 'port')
  assert.equal(nearest('walletKeyFile', known), undefined)
})

test('config.example.json is a valid configuration', () => {
  const path = join(import.meta.dirname, '../../config.example.json')
  assert.equal(loadConfig({ env: {}, files: [path] }).config.logFormat, 'json')
})

test('the descriptions name every option', () => {
  const printed = formatConfig(loadConfig({ env: {} })).split('\n')
  assert.equal(printed.length, OPTION_NAMES.length)
  for (const name of OPTION_NAMES) {
    assert.ok(formatOptions().includes(`| \`${name}\`<br>`), name)
    assert.ok(formatFlags().includes(flagName(name)), name)
  }
})
