/**
 * Names of a store as names of files. File systems fold case, normalise Unicode, reserve names and
 * end names at 255 bytes; names of a store differ by every byte and may be longer. So:
 *
 * - `a`-`z`, `0`-`9` and `-_.~@=+,` stand for themselves, a capital letter is `^` and the small one;
 * - every other byte of the UTF-8 is `%` and two hex digits, also a dot at the end and the first
 *   letter of a name that Windows keeps for devices (`con`, `com1.txt`);
 * - what is then longer than 240 characters becomes folders of 200 characters and `%+`, and in the
 *   last of them `%=` and the rest.
 */
import { join, sep } from 'node:path'
import { toText } from '../base/bytes.ts'
import type { StorePath } from './store.ts'
import { isStorePath, splitPath } from './store-path.ts'

const LONGEST = 240
const CHUNK = 200
const CONTINUED = '%+'
const REST = '%='
const PLAIN = /^[a-z0-9\-_.~@=+,]$/
const CAPITAL = /^[A-Z]$/
const ESCAPE = /\^([a-z])|%([0-9a-f]{2})/g
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/

/** The path of a file below the folder of a store, as this operating system writes it. */
export function filePathOf(path: StorePath): string {
  return join(...splitPath(path).flatMap(filesOf))
}

/** The store path of a file below the folder of a store; `undefined` for a file of somebody else. */
export function storePathOf(filePath: string): StorePath | undefined {
  const names: string[] = []
  let begun = ''
  for (const file of filePath.split(sep)) {
    if (isContinued(file)) {
      begun += file
      continue
    }
    const name = nameOfFiles(begun + file)
    if (name === undefined) return undefined
    names.push(name)
    begun = ''
  }
  const path = names.join('/')
  return begun === '' && isStorePath(path) ? path : undefined
}

/** Whether a folder is not a group but the beginning of longer names. */
export function isContinued(file: string): boolean {
  return file.endsWith(CONTINUED)
}

/** The name that a file stands for, with the folders it is continued from written before it. */
export function nameOfFiles(files: string): string | undefined {
  const encoded = files.replaceAll(CONTINUED, '').replace(REST, '')
  const name = decodeName(encoded)
  return name !== undefined && filesOf(name).join('') === files ? name : undefined
}

function filesOf(name: string): string[] {
  const encoded = encodeName(name)
  if (encoded.length <= LONGEST) return [encoded]
  const files: string[] = []
  let start = 0
  for (; encoded.length - start > CHUNK; start += CHUNK) {
    files.push(encoded.slice(start, start + CHUNK) + CONTINUED)
  }
  return [...files, REST + encoded.slice(start)]
}

function encodeName(name: string): string {
  const encoded = Array.from(Buffer.from(name), encodeByte).join('')
  if (encoded.endsWith('.')) return `${encoded.slice(0, -1)}%2e`
  return DEVICE.test(encoded) ? escapeByte(encoded.charCodeAt(0)) + encoded.slice(1) : encoded
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte)
  if (PLAIN.test(character)) return character
  return CAPITAL.test(character) ? `^${character.toLowerCase()}` : escapeByte(byte)
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).padStart(2, '0')}`
}

function decodeName(encoded: string): string | undefined {
  const latin = encoded.replace(ESCAPE, (_, capital: string | undefined, hex: string) =>
    capital === undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : capital.toUpperCase(),
  )
  return toText(Buffer.from(latin, 'latin1'))
}
