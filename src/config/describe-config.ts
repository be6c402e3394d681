/** The table of options told to people: as documentation, and as it is in force. */
import { LIMIT_GROUPS } from './limit-options.ts'
import { environmentName, flagName, type LoadedConfig } from './load-config.ts'
import { OPTION_GROUPS, OPTION_NAMES, type OptionName, optionOf } from './options.ts'

/** The text of docs/configuration.md, without its first lines. */
export function formatOptions(): string {
  return Object.entries(OPTION_GROUPS)
    .map(([group, options]) => {
      const rows = (Object.keys(options) as OptionName[]).map(formatRow)
      return [
        `## ${group}`,
        '',
        '| option | default | meaning |',
        '| --- | --- | --- |',
        ...rows,
      ].join('\n')
    })
    .join('\n\n')
}

/** The tables of docs/limits.md. */
export function formatLimits(): string {
  return Object.entries(LIMIT_GROUPS)
    .map(([group, options]) => {
      const rows = (Object.keys(options) as OptionName[]).map(formatLimit)
      return [
        `## ${group}`,
        '',
        '| option | default | limit | beyond it |',
        '| --- | --- | --- | --- |',
        ...rows,
      ].join('\n')
    })
    .join('\n\n')
}

/** One line for each option: name, value, and where the value came from. */
export function formatConfig({ config, origins }: LoadedConfig): string {
  const values = OPTION_NAMES.map((name) => JSON.stringify(config[name]) ?? '(none)')
  const nameWidth = Math.max(...OPTION_NAMES.map((name) => name.length))
  const valueWidth = Math.max(...values.map((value) => value.length))
  return OPTION_NAMES.map((name, i) => {
    const value = (values[i] ?? '').padEnd(valueWidth)
    return `${name.padEnd(nameWidth)}  ${value}  ${origins[name]}`
  }).join('\n')
}

/** A few lines for each option, for `ao-scheduler help start`. */
export function formatFlags(): string {
  return OPTION_NAMES.map((name) => {
    const option = optionOf(name)
    const flag = option.isSwitch ? `--[no-]${flagName(name)}` : `--${flagName(name)} VALUE`
    const value = option.default === undefined ? '' : ` (default ${JSON.stringify(option.default)})`
    return `  ${flag}${value}\n      ${option.description.replaceAll('`', '')}`
  }).join('\n')
}

function formatLimit(name: OptionName): string {
  const { description, default: value, beyond = '' } = optionOf(name)
  return `| \`${name}\` | \`${formatAmount(name, value)}\` | ${description} | ${beyond} |`
}

/** Bytes as MiB, times as seconds. */
function formatAmount(name: OptionName, value: unknown): string {
  if (typeof value !== 'number') return JSON.stringify(value)
  if (name.endsWith('Bytes')) return `${value / 1_048_576} MiB`
  return name.endsWith('Ms') ? `${value / 1_000} s` : String(value)
}

function formatRow(name: OptionName): string {
  const option = optionOf(name)
  const value = option.default === undefined ? 'none' : `\`${JSON.stringify(option.default)}\``
  const meaning = `${option.description} Takes ${option.expected}.`
  return `| \`${name}\`<br>\`--${flagName(name)}\`<br>\`${environmentName(name)}\` | ${value} | ${meaning} |`
}
