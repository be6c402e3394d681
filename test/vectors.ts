/**
 * The golden files that tests run against: what a real HyperBEAM node (commit 9a1f00a8) and real
 * clients produced. `vectors/wallet.json` is a throw-away test key made for these files.
 */
import { readFileSync } from 'node:fs'
import { brotliDecompressSync } from 'node:zlib'

const folder = new URL('./vectors/', import.meta.url)

export interface NamedVector {
  readonly name: string
  readonly vector: Readonly<Record<string, unknown>>
}

export interface NamedCapture {
  /** Which node answered: `nov25` or `main`. */
  readonly node: string
  readonly name: string
  readonly capture: Readonly<Record<string, unknown>>
}

/** The 120 messages, each in every encoding. */
export function readMessageVectors(): NamedVector[] {
  return readLines('messages.jsonl.br')
}

/** Traffic of real clients against real nodes. */
export function readCaptures(): NamedCapture[] {
  return readLines('captures.jsonl.br')
}

/** `paths`, `hashpaths`, `wallet`, `http/posts` or `http/gets`, as they were recorded. */
export function readVectorFile(name: string): unknown {
  return name.startsWith('http/')
    ? JSON.parse(readText(`${name}.json.br`))
    : JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'))
}

function readLines<T>(file: string): T[] {
  return readText(file)
    .split('\n')
    .map((line) => JSON.parse(line) as T)
}

function readText(file: string): string {
  return brotliDecompressSync(readFileSync(new URL(file, folder))).toString('utf8')
}
