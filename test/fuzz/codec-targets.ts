/** Bytes and texts as they come from outside, for each codec. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decodeAns104, encodeAns104 } from '../../src/codec/ans104/ans104.ts'
import { encodeFlat, formatFlat, parseFlat } from '../../src/codec/flat.ts'
import { decodeHttpsig, encodeHttpsig } from '../../src/codec/httpsig/httpsig.ts'
import { decodeJson, encodeJson } from '../../src/codec/json.ts'
import { verifyMessage } from '../../src/codec/verify.ts'
import { committedKeys, withOnlyCommitted } from '../../src/message/committed.ts'
import { messageId, unsignedId } from '../../src/message/id.ts'
import type { Message } from '../../src/message/message.ts'
import {
  formatDictionary,
  parseDictionary,
  parseItem,
  parseList,
} from '../../src/message/structured-fields.ts'
import { formatTyped } from '../../src/message/typed-notation.ts'
import { anyMessage } from '../arbitrary-message.ts'
import type { Corpus } from './corpus.ts'
import { anyMultipart, anySignatureHeaders } from './hostile-httpsig.ts'
import { anyItem } from './hostile-item.ts'
import { anyJson } from './hostile-json.ts'
import { hostileText, mutated, mutatedText } from './mutate.ts'
import { attempt, createTarget, type FuzzTarget } from './target.ts'

export async function codecTargets(corpus: Corpus): Promise<FuzzTarget[]> {
  const signed = await signedContents(corpus)
  const checkItem = (bytes: Uint8Array): Promise<void> => {
    return checkDecoded(() => decodeAns104(bytes), signed)
  }
  return [
    createTarget('items-changed', {
      share: 12,
      arbitrary: mutated(corpus.items),
      check: checkItem,
    }),
    createTarget('items-built', { share: 8, arbitrary: anyItem, check: checkItem }),
    createTarget('multipart', {
      share: 8,
      arbitrary: anyMultipart,
      check: (wire) => checkDecoded(() => decodeHttpsig(wire), signed),
    }),
    createTarget('signature-headers', {
      share: 8,
      arbitrary: anySignatureHeaders,
      check: (wire) => checkDecoded(() => decodeHttpsig(wire), signed),
    }),
    createTarget('json', {
      share: 8,
      arbitrary: fc.oneof(anyJson, mutatedText(JSON_SEEDS), hostileText),
      check: (text) => checkDecoded(() => decodeJson(text), signed),
    }),
    createTarget('flat', {
      share: 4,
      arbitrary: fc.oneof(hostileText, mutatedText(FLAT_SEEDS)),
      check: (text) => checkDecoded(() => parseFlat(text), signed),
    }),
    createTarget('structured-fields', {
      share: 8,
      arbitrary: fc.oneof(hostileText, mutatedText(FIELD_SEEDS)),
      check: checkFields,
    }),
    createTarget('encodings', { share: 6, arbitrary: anyMessage, check: checkEncodings }),
  ]
}

/** Ids and contents of all that somebody really signed: no change of it may verify. */
interface Signed {
  readonly contents: ReadonlySet<string>
}

async function signedContents(corpus: Corpus): Promise<Signed> {
  const contents = new Set<string>()
  for (const item of corpus.items) {
    const message = await attempt(() => decodeAns104(item))
    if (message !== undefined) contents.add(contentOf(message))
  }
  return { contents }
}

function contentOf(message: Message): string {
  return unsignedId(withOnlyCommitted(message))
}

/** Whatever a message was made of, all that is done with messages works on it, or says why not. */
async function checkDecoded(decode: () => Message, signed: Signed): Promise<void> {
  const message = await attempt(decode)
  if (message === undefined) return
  const verified = await attempt(() => verifyMessage(message))
  if (verified?.valid && verified.signers.length > 0) {
    assert.ok(signed.contents.has(contentOf(message)), 'verifies, but nobody signed it')
  }
  await checkMessage(message)
}

async function checkMessage(message: Message): Promise<void> {
  await attempt(() => messageId(message, 'all'))
  await attempt(() => committedKeys(message))
  formatTyped(message)
  for (const bundle of [true, false]) {
    await attempt(() => encodeJson(message, { bundle }))
    await attempt(() => encodeHttpsig(message, { bundle }))
    await attempt(() => encodeAns104(message, { bundle }))
  }
  await attempt(() => formatFlat(message))
}

/** What one codec writes it reads again as the same. */
async function checkEncodings(message: Message): Promise<void> {
  await checkMessage(message)
  const flat = await attempt(() => encodeFlat(message))
  if (flat !== undefined) await attempt(() => parseFlat(formatFlat(message)))
  const json = await attempt(() => encodeJson(message, { bundle: true }))
  if (json === undefined) return
  const again = await attempt(() => decodeJson(json))
  if (again !== undefined) assert.equal(encodeJson(again, { bundle: true }), json)
}

async function checkFields(text: string): Promise<void> {
  await attempt(() => parseItem(text))
  await attempt(() => parseList(text))
  const dictionary = await attempt(() => parseDictionary(text))
  if (dictionary === undefined) return
  const written = formatDictionary(dictionary)
  assert.deepEqual(parseDictionary(written), dictionary)
}

const JSON_SEEDS = [
  '{"a":1,"b":[1,2,{"c":"d"}],"ao-types":"a=\\"integer\\", b=\\"list\\"","x+link":"AAAA"}',
  '{"commitments":{"A":{"commitment-device":"httpsig@1.0","type":"rsa-pss-sha512","keyid":"publickey:AAAA","signature":"AAAA","committed":["a"]}},"a":"1"}',
  '{"f":1.5e10,"n":-0,"big":123456789012345678901234567890,"t":true,"z":null,"u":"\\u00e9\\n"}',
  '{"ao-types":"m=\\"map\\", l=\\"list\\", e=\\"empty-message\\"","m":{"ao-types":".=\\"list\\"","1":"a"}}',
]

const FLAT_SEEDS = [
  'a: 1\na/b: 2\nc/d/e: x',
  'ao-types: a="integer"\na: 1',
  'x+link: AAAA\ncommitments/y/z: 1',
]

const FIELD_SEEDS = [
  'comm-a=("a" "b";sf "@path";req);alg="rsa-pss-sha512";keyid="publickey:AAAA";tag="x/y", b=:AAAA:',
  'a=1, b=1.5;x=?1, c="q\\"s", d=tok*en, e=(1 "2" :YQ==:);p, f, g=@1659578233, h=%"caf%c3%a9"',
  '"item";a=1;b="c"',
  '(1 2 3), "x", tok;a=b',
]
