/** From defaults, files, environment and flags to one checked configuration. */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { AoError } from '../base/errors.ts'
import { nearest } from './nearest.ts'
import {
  isOptionName,
  type NodeConfig,
  OPTION_NAMES,
  type OptionName,
  optionOf,
} from './options.ts'

export interface ConfigInput {
  /** Flags as they follow the command: `['--port', '0']`. Default none. */
  readonly argv?: readonly string[]
  /** Default `process.env`; only `AO_SCHEDULER_*` is read. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** JSON files, a later one beats an earlier; those of `--config` come after them. */
  readonly files?: readonly string[]
}

export type Origin = 'default' | 'file' | 'environment' | 'flag'

export interface LoadedConfig {
  readonly config: NodeConfig
  /** Where each value came from. */
  readonly origins: Readonly<Record<OptionName, Origin>>
}

interface Setting {
  readonly name: OptionName
  readonly value: unknown
  readonly origin: Origin
}

const ENV_PREFIX = 'AO_SCHEDULER_'
const CONFIG_FLAG = 'config'
const CONFIG_ENV = `${ENV_PREFIX}CONFIG`

/**
 * Defaults < files < environment < flags.
 * @throws AoError `invalid-config` that names the place, what was expected and, for an unknown
 * name, the nearest known one.
 */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const env = input.env ?? process.env
  const flags = readFlags(input.argv ?? [])
  const envFile = env[CONFIG_ENV]
  const files = [
    ...(input.files ?? []),
    ...(envFile === undefined ? [] : [envFile]),
    ...flags.files,
  ]
  return merge([...files.flatMap(readFile), ...readEnvironment(env), ...flags.settings])
}

/**
 * Options given by a program, completed with the defaults; `undefined` stands for the default.
 * @throws AoError `invalid-config`
 */
export function resolveConfig(partial: Partial<NodeConfig> = {}): NodeConfig {
  const settings = Object.entries(partial)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => checked('flag', requireName(name, 'the given options'), name, value))
  return merge(settings).config
}

/** The file that holds the node's wallet; `undefined` when a run has a wallet of its own. */
export function walletFileOf(config: NodeConfig): string | undefined {
  if (config.walletFile !== undefined) return config.walletFile
  return config.storeEngine === 'memory'
    ? undefined
    : join(dirname(config.storePath), 'wallet.json')
}

/** `storePath` → `store-path` */
export function flagName(name: OptionName): string {
  return name.replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

/** `storePath` → `AO_SCHEDULER_STORE_PATH` */
export function environmentName(name: OptionName): string {
  return ENV_PREFIX + flagName(name).replaceAll('-', '_').toUpperCase()
}

function merge(settings: readonly Setting[]): LoadedConfig {
  const values = new Map<OptionName, unknown>()
  const origins = new Map<OptionName, Origin>()
  for (const name of OPTION_NAMES) {
    values.set(name, optionOf(name).default)
    origins.set(name, 'default')
  }
  for (const { name, value, origin } of settings) {
    values.set(name, value)
    origins.set(name, origin)
  }
  const config = Object.fromEntries(values) as unknown as NodeConfig
  checkTogether(config)
  return { config, origins: Object.fromEntries(origins) as Record<OptionName, Origin> }
}

/** What no single option can tell. */
function checkTogether(config: NodeConfig): void {
  if (config.mode === 'remote_confirmation' && config.bundlerUrl === undefined) {
    throw invalid(
      'Mode remote_confirmation needs bundlerUrl, the bundler that confirms an upload',
      {
        option: 'bundlerUrl',
      },
    )
  }
  if (config.schedulerStorePath === config.storePath) {
    throw invalid('Expected schedulerStorePath to be another folder than storePath', {
      option: 'schedulerStorePath',
    })
  }
}

function readFile(path: string): Setting[] {
  const place = `the file ${path}`
  return Object.entries(readObject(path)).map(([name, value]) =>
    checked('file', requireName(name, place), `"${name}" in ${place}`, value),
  )
}

function readObject(path: string): object {
  let parsed: unknown
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw invalid(`Expected a configuration file in JSON at ${path}: ${reason}`, { path }, cause)
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed
  throw invalid(`Expected one JSON object of options in ${path}`, { path })
}

function readEnvironment(env: Readonly<Record<string, string | undefined>>): Setting[] {
  const known = new Map(OPTION_NAMES.map((name) => [environmentName(name), name]))
  const settings: Setting[] = []
  for (const [variable, input] of Object.entries(env)) {
    if (!variable.startsWith(ENV_PREFIX) || variable === CONFIG_ENV || input === undefined) continue
    const name = known.get(variable)
    if (name === undefined) {
      throw unknown('environment variable', variable, [...known.keys(), CONFIG_ENV])
    }
    settings.push(checked('environment', name, variable, optionOf(name).fromText(input)))
  }
  return settings
}

interface Flags {
  readonly settings: readonly Setting[]
  readonly files: readonly string[]
}

function readFlags(argv: readonly string[]): Flags {
  const names = new Map(OPTION_NAMES.map((name) => [flagName(name), name]))
  const settings: Setting[] = []
  const files: string[] = []
  for (const token of flagTokens(argv, names)) {
    if (token.flag === CONFIG_FLAG) files.push(requireValue(token))
    else settings.push(readFlag(token, names))
  }
  return { settings, files }
}

interface FlagToken {
  /** Without dashes; `undefined` for a word that belongs to no flag. */
  readonly flag: string | undefined
  readonly value: string | undefined
}

function flagTokens(argv: readonly string[], names: ReadonlyMap<string, OptionName>): FlagToken[] {
  const options: Record<string, { type: 'string' | 'boolean' }> = { config: { type: 'string' } }
  for (const [flag, name] of names) {
    options[flag] = { type: optionOf(name).isSwitch ? 'boolean' : 'string' }
  }
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true })
  return tokens
    .filter((token) => token.kind !== 'option-terminator')
    .map((token) => {
      const flag = token.kind === 'option' ? token.rawName.replace(/^--?/, '') : undefined
      return { flag, value: token.value }
    })
}

function readFlag(token: FlagToken, names: ReadonlyMap<string, OptionName>): Setting {
  if (token.flag === undefined) {
    throw invalid(`Expected flags only, such as --port 8734, got "${token.value}"`)
  }
  const name = names.get(token.flag)
  if (name !== undefined) {
    const option = optionOf(name)
    const isBareSwitch = option.isSwitch && token.value === undefined
    const value = isBareSwitch ? true : option.fromText(requireValue(token))
    return checked('flag', name, `--${token.flag}`, value)
  }
  const negated = names.get(token.flag.replace(/^no-/, ''))
  if (negated !== undefined && optionOf(negated).isSwitch) {
    return { name: negated, value: false, origin: 'flag' }
  }
  const flags = [...names.keys(), CONFIG_FLAG].map((flag) => `--${flag}`)
  throw unknown('flag', `--${token.flag}`, flags)
}

function requireValue({ flag, value }: FlagToken): string {
  if (value !== undefined && value !== '') return value
  throw invalid(`Expected a value after --${flag}`)
}

function requireName(name: string, place: string): OptionName {
  if (isOptionName(name)) return name
  throw unknown(`option in ${place}`, name, OPTION_NAMES)
}

/** A setting whose value fits its option; `label` is what the user calls it. */
function checked(origin: Origin, name: OptionName, label: string, input: unknown): Setting {
  const option = optionOf(name)
  const result = option.schema.safeParse(input)
  if (result.success && result.data !== undefined) return { name, value: result.data, origin }
  throw invalid(`Expected ${label} to be ${option.expected}, got ${shown(input)}`, { option: name })
}

function unknown(kind: string, word: string, known: readonly string[]): AoError {
  const near = nearest(word, known)
  const advice = near === undefined ? 'see docs/configuration.md' : `did you mean ${near}?`
  return invalid(`Unknown ${kind}: ${word}; ${advice}`, { name: word })
}

/** The value as it came, short, and without what stands before the `@` of a URL. */
function shown(value: unknown): string {
  const full = JSON.stringify(value)?.replaceAll(/\/\/[^/@"]*@/g, '//***@') ?? 'nothing'
  return full.length > 80 ? `${full.slice(0, 80)}...` : full
}

function invalid(message: string, context: AoError['context'] = {}, cause?: unknown): AoError {
  return new AoError('invalid-config', message, context, cause)
}
