import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { AoError } from '../base/errors.ts'
import { Message } from '../message/message.ts'
import { Atom, Float, type Value } from '../message/value.ts'
import { formatPath } from './format-path.ts'
import { parsePath } from './path.ts'
import { calledKey, SubPath, stepKeys } from './path-step.ts'

const ID = '0p5fxGhFqeTYRe56DV_-NPa1XDDUFNe_hZb_W-YjVGU'

const parse = (path: string, keys: [string, Value][] = []) =>
  parsePath(new Message([...keys, ['path', path]]))

/** The keys of each step that is a message. */
const steps = (path: string, keys: [string, Value][] = []) => {
  const parsed = parse(path, keys)
  return parsed.steps.map((_, index) => Object.fromEntries(stepKeys(parsed, index)))
}

const isInvalidPath = (error: unknown) => error instanceof AoError && error.code === 'invalid-path'

const refuses = (path: string) => assert.throws(() => parse(path), isInvalidPath, path)

describe('ids', () => {
  test('parsePath() takes 43 base64url characters and Ethereum addresses for ids', () => {
    assert.deepEqual(parse(`/${ID}`).steps, [{ kind: 'id', id: ID }])
    const address = `0x${'aB'.repeat(20)}`
    assert.deepEqual(parse(`/${address}`).steps, [{ kind: 'id', id: address }])
  })

  test('parsePath() takes no other segment of 32, 42 or 43 bytes for an id', () => {
    for (const segment of [
      'a'.repeat(32),
      'a'.repeat(42),
      `${'a'.repeat(42)}.`,
      '500-milliseconds="/~meta@1.0/info/address"',
      `0x${'g'.repeat(40)}`,
    ]) {
      assert.equal(parse(`/${segment}`).steps.length, 2, segment)
    }
    const [, step] = steps('/~cron@1.0/500-milliseconds="/~meta@1.0/info/address"')
    assert.equal(step?.['500-milliseconds'], '/~meta@1.0/info/address')
  })
})

describe('typed keys', () => {
  test('parsePath() reads integers, floats, atoms, lists and maps', () => {
    const [base] = steps('/a?i+integer=-7&f+float=1.5&t+atom=true&l+list=1,2.5&m+map=x=1')
    assert.equal(base?.i, -7)
    assert.deepEqual(base?.f, new Float(1.5))
    assert.deepEqual(base?.t, Atom.true)
    assert.deepEqual(base?.l, [1, new Float(2.5)])
    assert.deepEqual(base?.m, new Message([['x', 1]]))
  })

  test('parsePath() reads types of headers, with a blank for the plus too', () => {
    const [base] = steps('/a', [
      ['from+integer', '3'],
      ['to integer', '4'],
    ])
    assert.deepEqual(base, { from: 3, to: 4 })
  })

  test('parsePath() leaves keys of the request alone whose names only look typed', () => {
    const entries: [string, Value][] = [
      ['my tag', 'x'],
      ['app+name', 'y'],
      ['app.name', 'z'],
      ['n+integer', 5],
    ]
    assert.deepEqual(steps('/a', entries)[0], Object.fromEntries(entries))
  })

  test('parsePath() lets a typed key beat one without a type, whichever comes first', () => {
    assert.deepEqual(steps('/a?k+integer=1&k=2')[0], { k: 1 })
    assert.deepEqual(steps('/a?k=2&k+integer=1')[0], { k: 1 })
  })

  test('parsePath() leaves a key out whose value is an item but no integer', () => {
    assert.deepEqual(steps('/a&k+integer=abc')[1], { path: 'a' })
    assert.deepEqual(steps('/a&k+integer=1.5')[1], { path: 'a' })
  })

  test('parsePath() refuses values that are not of their type, and unknown types', () => {
    for (const query of ['k+integer=12abc', 'k+integer=', 'k+float=x', 'k+list=(', 'k+nosuch=1']) {
      refuses(`/a?${query}`)
    }
    refuses('/a?k+integer')
    refuses('/a&=4')
  })

  test('parsePath() deletes quotes around and in typed values', () => {
    assert.deepEqual(steps('/a&k+list="\\"x\\", \\"y\\""')[1]?.k, ['x', 'y'])
  })
})

describe('global and scoped keys', () => {
  test('stepKeys() puts headers and query under every step, the step winning', () => {
    assert.deepEqual(
      steps('/a/b&k=own?k=query&q=1', [
        ['h', 'x'],
        ['q', 'header'],
      ]),
      [
        { h: 'x', k: 'query', q: '1' },
        { h: 'x', k: 'query', q: '1', path: 'a' },
        { h: 'x', k: 'own', q: '1', path: 'b' },
      ],
    )
  })

  test('stepKeys() gives a scoped key to its step only, 0 being the base', () => {
    assert.deepEqual(steps('/a/b?0.x=0&2.y+integer=2&9.z=9'), [
      { x: '0' },
      { path: 'a' },
      { path: 'b', y: 2 },
    ])
    refuses('/a?-1.x=1')
    refuses('/a?x.y=1')
    assert.deepEqual(steps('/a?x.y.z=1')[0], { 'x.y.z': '1' })
  })

  test('stepKeys() gives a step on an id its own keys only', () => {
    assert.deepEqual(steps(`/${ID}~process@1.0&k=v/slot?q=1`), [
      { path: ID, k: 'v' },
      { path: 'slot', q: '1' },
    ])
  })

  test('parsePath() never takes a path from a query, whatever its type', () => {
    assert.deepEqual(steps('/a?path=b&path+integer=4')[0], {})
    assert.deepEqual(steps('/a', [['path+integer', '4']])[0], {})
  })
})

describe('paths inside paths', () => {
  test('parsePath() reads parentheses as steps, devices and values', () => {
    const { steps } = parse('/(a/b)/c~(d/e)&k=(f)&g+resolve="/x/y"')
    const [base, step] = steps
    assert.ok(base instanceof SubPath)
    assert.equal(base.path.steps.length, 3)
    assert.ok(step?.kind === 'as' && step.device instanceof SubPath)
    assert.ok(step.keys.get('k') instanceof SubPath)
    assert.ok(step.keys.get('g') instanceof SubPath)
  })

  test('parsePath() keeps a query inside parentheses to the path inside', () => {
    const { steps, globals } = parse('/(a?k=v)/b?q=1')
    const [base] = steps
    assert.ok(base instanceof SubPath)
    assert.deepEqual([...base.path.globals], [['k', 'v']])
    assert.deepEqual([...globals], [['q', '1']])
  })

  test('parsePath() takes parentheses that do not enclose a segment for text', () => {
    assert.equal(calledKey(parse('/(a)b(c)').steps[1] ?? { kind: 'id', id: '' }), '(a)b(c)')
    assert.equal(parse('/a)b/c').steps.length, 3)
  })
})

describe('hostile paths', () => {
  test('parsePath() refuses bad escapes and escapes that give no UTF-8', () => {
    for (const path of ['/a%', '/a%2', '/a%zz', '/%ff', '/a?k=%25zz', '/a?%25ff=1', '/(a%25)']) {
      refuses(path)
    }
  })

  test('parsePath() keeps bytes of a query value that are no UTF-8', () => {
    assert.deepEqual(steps('/a?k=%25ff')[0]?.k, Buffer.from([0xff]))
  })

  test('parsePath() refuses text that is not well-formed and paths that are no text', () => {
    refuses('/\ud800')
    assert.throws(() => parsePath(new Message<Value>([['path', 5]])), isInvalidPath)
    assert.throws(() => parsePath(new Message([['path', Buffer.from([0xff])]])), isInvalidPath)
  })

  test('parsePath() refuses segments of more than 512 bytes, in pairs and nested paths too', () => {
    assert.equal(parse(`/${'s'.repeat(512)}`).steps.length, 2)
    refuses(`/${'s'.repeat(513)}`)
    refuses(`/${'é'.repeat(257)}`)
    refuses(`/a?k+resolve=${'s'.repeat(513)}`)
    assert.equal(steps(`/a?k=${'v'.repeat(5000)}`)[0]?.k, 'v'.repeat(5000))
  })

  test('parsePath() refuses more than 128 segments, those of nested paths counted', () => {
    assert.equal(parse('/a'.repeat(128)).steps.length, 129)
    refuses('/a'.repeat(129))
    refuses(`/a?${'k+resolve=/a/b&'.repeat(70)}`)
  })

  test('parsePath() refuses paths nested deeper than 16', () => {
    assert.equal(parse(`/${'('.repeat(16)}a${')'.repeat(16)}`).steps.length, 1)
    refuses(`/${'('.repeat(17)}a${')'.repeat(17)}`)
  })

  test('parsePath() refuses many keys times many steps', () => {
    const keys = Array.from({ length: 5000 }, (_, index): [string, Value] => [`k${index}`, 'v'])
    assert.equal(parse('/a/b/c', keys).globals.size, 5000)
    assert.throws(() => parse('/a'.repeat(100), keys), isInvalidPath)
  })

  test('parsePath() treats prototype names as keys', () => {
    const path = '/__proto__/constructor&__proto__=1&toString=2?__proto__=x&1.constructor=y'
    const parsed = parse(path)
    const [base, first, second] = parsed.steps.map((_, index) => stepKeys(parsed, index))
    assert.equal(base?.get('__proto__'), 'x')
    assert.deepEqual(
      [...(first ?? [])],
      [
        ['__proto__', 'x'],
        ['constructor', 'y'],
        ['path', '__proto__'],
      ],
    )
    assert.equal(second?.get('toString'), '2')
    assert.equal(({} as Record<string, unknown>).x, undefined)
    const json = formatPath(parsed)
    assert.ok(JSON.stringify(json).includes('"__proto__":{"t":"bin","v":"x"}'))
  })

  test('parsePath() gives steps or refuses, whatever the text', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        '/',
        '(',
        ')',
        '"',
        '\\',
        '&',
        '=',
        '~',
        '+',
        '?',
        '%',
        '2',
        'F',
        '.',
        'a',
      ),
      maxLength: 60,
    })
    fc.assert(
      fc.property(text, (path) => {
        try {
          formatPath(parse(path))
        } catch (error) {
          assert.ok(isInvalidPath(error), `${error}`)
        }
      }),
      { numRuns: 2000 },
    )
  })
})

describe('quotes', () => {
  test('parsePath() lets quotes protect separators, and a backslash a quote', () => {
    assert.deepEqual(steps('/a&k="x/y&z"&l=1/b')[1], { path: 'a', k: 'x/y&z', l: '1' })
    assert.equal(steps('/a&k="x\\"/y"/b')[1]?.k, 'x\\"/y')
  })

  test('parsePath() counts a quote that is never closed as closed at the end', () => {
    assert.equal(steps('/a&k="x/y')[1]?.k, 'x/y')
  })

  test('parsePath() does not let quotes protect an ampersand in a query', () => {
    assert.deepEqual(steps('/a?k="x&y"')[0], { k: 'x', 'y"': Atom.true })
  })
})
