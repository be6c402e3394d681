/** The node's wallet on disk: a JSON Web Key, readable by its owner only, never overwritten. */
import { randomUUID } from 'node:crypto'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { AoError } from '../base/errors.ts'
import { makeFolder } from '../base/make-folder.ts'
import { generateWallet, walletFromJwk, walletToJwk } from './local-wallet.ts'
import type { Wallet, WalletType } from './wallet.ts'

/**
 * The wallet of a key file.
 * @throws AoError `not-found` when there is no file, `invalid-wallet` when it holds no usable key.
 */
export async function loadWalletFile(path: string): Promise<Wallet> {
  const text = await readText(path)
  let jwk: unknown
  try {
    jwk = JSON.parse(text)
  } catch {
    // The reason of the parser quotes the file, which may be a damaged key.
    throw new AoError('invalid-wallet', 'Expected a wallet file of JSON', { path })
  }
  return walletFromJwk(jwk)
}

/**
 * Writes a new wallet to a new file, with mode 0600, in a folder that is made if needed. The file
 * appears complete and durable or not at all.
 * @throws AoError `invalid-wallet` when the path is taken, also by somebody at the same moment.
 */
export async function createWalletFile(
  path: string,
  options: { readonly type?: WalletType } = {},
): Promise<Wallet> {
  const wallet = await generateWallet(options.type ?? 'rsa-4096')
  makeFolder(dirname(path))
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    await writeDurably(temporary, `${JSON.stringify(walletToJwk(wallet), undefined, 2)}\n`)
    // Unlike a rename, a link fails when the name is taken.
    await link(temporary, path)
  } catch (cause) {
    if (!hasErrorCode(cause, 'EEXIST')) throw cause
    throw new AoError('invalid-wallet', 'A file with this name exists and is not overwritten', {
      path,
    })
  } finally {
    await unlink(temporary).catch(() => undefined)
  }
  await syncFolder(dirname(path))
  return wallet
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (!hasErrorCode(cause, 'ENOENT')) throw cause
    throw new AoError('not-found', 'Expected a wallet file; create one or name another', { path })
  }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600)
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** Makes the new name durable. Windows cannot open a folder and needs no such step. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

function hasErrorCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
