/** How a HyperBEAM node reads paths, step by step. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { AoError } from '../src/base/errors.ts'
import { Message } from '../src/message/message.ts'
import { formatPath } from '../src/resolver/format-path.ts'
import { parsePath } from '../src/resolver/path.ts'
import { readVectorFile } from './vectors.ts'

interface PathVector {
  readonly path: string
  readonly result: { readonly error?: string }
}

const vectors = readVectorFile('paths') as PathVector[]

describe('parsePath() reads a path as HyperBEAM does', () => {
  for (const { path, result } of vectors) {
    const parse = () =>
      formatPath(
        parsePath(
          new Message([
            ['path', path],
            ['method', 'GET'],
          ]),
        ),
      )
    test(path.length > 80 ? `${path.slice(0, 80)}...` : path, () => {
      if (result.error === undefined) assert.deepEqual(parse(), result)
      else
        assert.throws(parse, (error) => error instanceof AoError && error.code === 'invalid-path')
    })
  }
})
