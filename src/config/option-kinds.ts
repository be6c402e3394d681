/** The kinds of option: how each is checked, read from text, and told to a reader. */
import { isIP } from 'node:net'
import { z } from 'zod'

/** An option of the table: what it means, its default, and which values it takes. */
export interface Option<T> {
  readonly schema: z.ZodType<T>
  /** Completes "Expected NAME to be ...". */
  readonly expected: string
  readonly default: T
  /** One or two sentences of Markdown. */
  readonly description: string
  /** Reads the text of a flag or an environment variable; what does not fit is left to the schema. */
  readonly fromText: (text: string) => unknown
  /** A flag of this option takes no value: `--sign-replies`, `--no-sign-replies`. */
  readonly isSwitch: boolean
  /** What happens beyond it, if it is a limit. */
  readonly beyond?: string
}

/** An option that bounds something, and what happens beyond it. */
export function limit<T>(option: Option<T>, beyond: string): Option<T> {
  return { ...option, beyond }
}

interface NumberRange {
  readonly min?: number
  readonly max?: number
}

const TRUE_WORDS: ReadonlySet<string> = new Set(['true', '1', 'yes', 'on'])
const FALSE_WORDS: ReadonlySet<string> = new Set(['false', '0', 'no', 'off'])

export function text(value: string, description: string): Option<string> {
  const schema = z.string().min(1)
  return { ...asText, schema, expected: 'a text', default: value, description }
}

export function optionalText(description: string, expected = 'a text'): Option<string | undefined> {
  const schema = z.string().min(1).optional()
  return { ...asText, schema, expected, default: undefined, description }
}

export function optionalUrl(description: string): Option<string | undefined> {
  const schema = url.optional()
  return { ...asText, schema, expected: URL_EXPECTED, default: undefined, description }
}

export function urlList(description: string): Option<readonly string[]> {
  const expected = `a list of addresses, each ${URL_EXPECTED}`
  return { ...asList, schema: z.array(url).readonly(), expected, default: [], description }
}

/** IP addresses, networks and addresses of wallets, and words that stand for some. */
export function addressList(
  value: readonly string[],
  description: string,
  words: readonly string[],
): Option<readonly string[]> {
  const isOne = (part: string): boolean => words.includes(part) || ADDRESS.test(part) || isNet(part)
  const schema = z.array(z.string().refine(isOne)).readonly()
  const expected = `a list of ${words.join(', ')}, IP addresses, networks and addresses of wallets`
  return { ...asList, schema, expected, default: value, description }
}

export function wholeNumber(
  value: number,
  description: string,
  { min = 0, max = Number.MAX_SAFE_INTEGER }: NumberRange = {},
): Option<number> {
  const upTo = max === Number.MAX_SAFE_INTEGER ? `, ${min} or more` : ` from ${min} to ${max}`
  return {
    schema: z.int().min(min).max(max),
    expected: `a whole number${upTo}`,
    default: value,
    description,
    fromText: (input) => (/^-?\d+(_\d+)*$/.test(input) ? Number(input.replaceAll('_', '')) : input),
    isSwitch: false,
  }
}

export function onOff(value: boolean, description: string): Option<boolean> {
  return {
    schema: z.boolean(),
    expected: 'true or false',
    default: value,
    description,
    fromText: readBoolean,
    isSwitch: true,
  }
}

/** One of a few words. */
export function choice<const T extends string>(
  words: readonly [T, ...T[]],
  value: NoInfer<T>,
  description: string,
): Option<T> {
  const expected = `one of ${words.join(', ')}`
  return { ...asText, schema: z.enum(words), expected, default: value, description }
}

/** `true`, `false`, or one of a few words. */
export function onOffOr<const T extends string>(
  word: T,
  value: boolean | NoInfer<T>,
  description: string,
): Option<boolean | T> {
  return {
    schema: z.union([z.boolean(), z.literal(word)]),
    expected: `true, false or ${word}`,
    default: value,
    description,
    fromText: readBoolean,
    isSwitch: false,
  }
}

const URL_EXPECTED = 'an http or https URL'

const url = z.url({ protocol: /^https?$/ })

const ADDRESS = /^[\w-]{43}$|^0x[0-9a-fA-F]{40}$/

/** `10.0.0.1`, `10.0.0.0/8` and the same of IPv6. */
function isNet(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || (/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

const asList = {
  fromText: (input: string) =>
    input
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  isSwitch: false,
}

const asText = { fromText: (input: string) => input, isSwitch: false }

function readBoolean(input: string): boolean | string {
  const word = input.toLowerCase()
  if (TRUE_WORDS.has(word)) return true
  return FALSE_WORDS.has(word) ? false : input
}
