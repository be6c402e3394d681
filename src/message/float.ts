/**
 * The two texts of a float: C's `%.20e` in a TABM and in every id, and the shortest text that reads
 * back as the same double in JSON.
 */
import { AoError } from '../base/errors.ts'

/** `1.00000000000000005551e-01`: 20 exact digits, ties to even, at least two exponent digits. */
export function formatFloat(value: number): string {
  const text = requireFinite(value).toExponential(20)
  const mark = text.indexOf('e')
  const exponent = text.slice(mark + 2)
  const digits = roundTieToEven(text.slice(0, mark), value, Number(text.slice(mark + 1)))
  const sign = Object.is(value, -0) ? '-' : ''
  return `${sign}${digits}e${text[mark + 1]}${exponent.padStart(2, '0')}`
}

/** Shortest text that is a float in JSON too: `1.0`, `0.001`, `1.0e22`. */
export function formatShortFloat(value: number): string {
  const text = Math.abs(requireFinite(value)).toExponential()
  const sign = value < 0 || Object.is(value, -0) ? '-' : ''
  const mark = text.indexOf('e')
  const exponent = Number(text.slice(mark + 1))
  const digits = text.slice(0, mark).replace('.', '')
  const scientific = `${digits[0]}.${digits.slice(1) || '0'}e${exponent}`
  if (Math.abs(value) >= 2 ** 53) return sign + scientific
  const positional = formatPositional(digits, exponent)
  return sign + (positional.length <= scientific.length ? positional : scientific)
}

/**
 * The double of a text: digits, then a fraction, an exponent or both. HyperBEAM demands the
 * fraction; `1` and `1e3` are taken here because other clients write floats that way.
 * @throws AoError `invalid-encoding` for any other text and for a value that is no finite double.
 */
export function parseFloatText(text: string): number {
  const value = isFloatText(text) ? Number(text) : Number.NaN
  if (!Number.isFinite(value)) {
    throw new AoError('invalid-encoding', 'Expected a float such as -1.5 or 1.0e10', {
      length: text.length,
    })
  }
  return value
}

/**
 * `toExponential` rounds an exact tie away from zero. A double ends in exactly half a unit of digit
 * 20 if and only if it is an odd multiple of 2^(exponent - 21), which this scaling finds without
 * rounding; then an odd last digit was rounded up and the even one is below it.
 */
function roundTieToEven(digits: string, value: number, exponent: number): string {
  const halves = Math.abs(value) * 2 ** (21 - exponent)
  if (halves >= 2 ** 53 || halves % 2 !== 1) return digits
  const last = digits.charCodeAt(digits.length - 1) - 0x30
  return last % 2 === 0 ? digits : digits.slice(0, -1) + (last - 1)
}

/** At least one digit on both sides of the point. */
function formatPositional(digits: string, exponent: number): string {
  if (exponent < 0) return `0.${'0'.repeat(-exponent - 1)}${digits}`
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0')
  return `${whole}.${digits.slice(exponent + 1) || '0'}`
}

function requireFinite(value: number): number {
  if (Number.isFinite(value)) return value
  throw new AoError('invalid-value', 'Expected a finite float', { value: String(value) })
}

function isFloatText(text: string): boolean {
  let at = isSign(text.charCodeAt(0)) ? 1 : 0
  let end = skipDigits(text, at)
  if (end === at) return false
  if (text.charCodeAt(end) === 0x2e) {
    at = end + 1
    end = skipDigits(text, at)
    if (end === at) return false
  }
  if ((text.charCodeAt(end) | 0x20) === 0x65) {
    at = isSign(text.charCodeAt(end + 1)) ? end + 2 : end + 1
    end = skipDigits(text, at)
    if (end === at) return false
  }
  return end === text.length
}

function isSign(code: number): boolean {
  return code === 0x2b || code === 0x2d
}

/** Where the digits that start at `at` end. */
function skipDigits(text: string, at: number): number {
  let end = at
  for (let code = text.charCodeAt(end); code >= 0x30 && code <= 0x39; code = text.charCodeAt(end)) {
    end++
  }
  return end
}
