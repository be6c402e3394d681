import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { AoError } from '../base/errors.ts'
import { formatFloat, formatShortFloat, parseFloatText } from './float.ts'

const table: readonly (readonly [number, string, string])[] = [
  [0, '0.00000000000000000000e+00', '0.0'],
  [-0, '-0.00000000000000000000e+00', '-0.0'],
  [1, '1.00000000000000000000e+00', '1.0'],
  [0.1, '1.00000000000000005551e-01', '0.1'],
  [0.3, '2.99999999999999988898e-01', '0.3'],
  [0.5, '5.00000000000000000000e-01', '0.5'],
  [1.5, '1.50000000000000000000e+00', '1.5'],
  [-0.25, '-2.50000000000000000000e-01', '-0.25'],
  [4.35, '4.34999999999999964473e+00', '4.35'],
  [Math.PI, '3.14159265358979311600e+00', '3.141592653589793'],
  [10, '1.00000000000000000000e+01', '10.0'],
  [100, '1.00000000000000000000e+02', '100.0'],
  [1000, '1.00000000000000000000e+03', '1.0e3'],
  [10000, '1.00000000000000000000e+04', '1.0e4'],
  [1234567, '1.23456700000000000000e+06', '1234567.0'],
  [123.456, '1.23456000000000003070e+02', '123.456'],
  [0.001, '1.00000000000000002082e-03', '0.001'],
  [0.0001, '1.00000000000000004792e-04', '0.0001'],
  [1e-5, '1.00000000000000008180e-05', '1.0e-5'],
  [1.234e-5, '1.23400000000000004369e-05', '1.234e-5'],
  [1.1e-7, '1.10000000000000005610e-07', '1.1e-7'],
  [2.5e-8, '2.49999999999999988687e-08', '2.5e-8'],
  [2 ** -31, '4.65661287307739257812e-10', '4.656612873077393e-10'],
  [0.015625, '1.56250000000000000000e-02', '0.015625'],
  [123456789012.5, '1.23456789012500000000e+11', '123456789012.5'],
  [2 ** 53 - 1, '9.00719925474099100000e+15', '9007199254740991.0'],
  [2 ** 53, '9.00719925474099200000e+15', '9.007199254740992e15'],
  [1e15, '1.00000000000000000000e+15', '1.0e15'],
  [1e22, '1.00000000000000000000e+22', '1.0e22'],
  [1e23, '9.99999999999999916114e+22', '1.0e23'],
  [1e100, '1.00000000000000001590e+100', '1.0e100'],
  [5e-324, '4.94065645841246544177e-324', '5.0e-324'],
  [2.2250738585072014e-308, '2.22507385850720138309e-308', '2.2250738585072014e-308'],
  [Number.MAX_VALUE, '1.79769313486231570815e+308', '1.7976931348623157e308'],
]

describe('formatFloat() and formatShortFloat()', () => {
  it('give the texts of the reference', () => {
    for (const [value, exact, short] of table) {
      assert.equal(formatFloat(value), exact)
      assert.equal(formatShortFloat(value), short)
    }
  })

  it('refuse what is no finite double', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => formatFloat(value), AoError)
      assert.throws(() => formatShortFloat(value), AoError)
    }
  })

  it('read back as the same double', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        assert.ok(Object.is(parseFloatText(formatFloat(value)), value))
        assert.ok(Object.is(parseFloatText(formatShortFloat(value)), value))
        assert.ok(Object.is(JSON.parse(formatShortFloat(value)), value))
      }),
    )
  })

  it('round exactly, ties to even', () => {
    const ties = fc
      .tuple(fc.integer({ min: 0, max: 2 ** 31 }), fc.integer({ min: -13, max: 11 }))
      .map(([n, exponent]) => (2 * n + 1) * 2 ** (exponent - 21))
    const doubles = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0, minExcluded: true })
    fc.assert(
      fc.property(fc.oneof(ties, doubles), (value) => {
        assert.equal(formatFloat(value), exactText(value))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('parseFloatText()', () => {
  it('takes signs, exponents, and a text without a point', () => {
    assert.equal(parseFloatText('+1.5'), 1.5)
    assert.equal(parseFloatText('-1.50E+2'), -150)
    assert.equal(parseFloatText('1.0e-400'), 0)
    assert.equal(parseFloatText('1'), 1)
    assert.equal(parseFloatText('1e3'), 1000)
  })

  it('refuses other texts', () => {
    const bad = [
      '',
      '.5',
      '5.',
      '1.0e',
      '1.0e999',
      ' 1.0',
      '1.0 ',
      '0x10',
      'Infinity',
      'NaN',
      '1_0',
      '--1.0',
      '1.0.0',
    ]
    for (const text of bad) assert.throws(() => parseFloatText(text), AoError)
  })
})

/** `%.20e` of a positive double from its mantissa and exponent, with big integers only. */
function exactText(value: number): string {
  const bits = new DataView(new ArrayBuffer(8))
  bits.setFloat64(0, value)
  const raw = bits.getBigUint64(0)
  const biased = Number(raw >> 52n)
  const fraction = raw & ((1n << 52n) - 1n)
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n)
  const power = (biased === 0 ? 1 : biased) - 1075
  let numerator = mantissa * (power > 0 ? 1n << BigInt(power) : 1n)
  let denominator = power < 0 ? 1n << BigInt(-power) : 1n
  let exponent = 0
  for (; numerator >= denominator * 10n; exponent++) denominator *= 10n
  for (; numerator < denominator; exponent--) numerator *= 10n
  numerator *= 10n ** 20n
  let digits = numerator / denominator
  const rest = 2n * (numerator % denominator)
  if (rest > denominator || (rest === denominator && digits % 2n === 1n)) digits++
  const text = digits.toString()
  const sign = exponent < 0 ? '-' : '+'
  return `${text[0]}.${text.slice(1)}e${sign}${Math.abs(exponent).toString().padStart(2, '0')}`
}
