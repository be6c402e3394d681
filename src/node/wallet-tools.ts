/** The wallet file of a node: made at the first start, or by hand. */
import { isAoError } from '../base/errors.ts'
import type { Wallet, WalletType } from '../crypto/wallet.ts'
import { createWalletFile, loadWalletFile } from '../crypto/wallet-file.ts'

/**
 * The wallet of a file, which is made when there is none.
 * @throws AoError `invalid-wallet` when the file holds no usable key.
 */
export async function openWalletFile(path: string): Promise<Wallet> {
  try {
    return await loadWalletFile(path)
  } catch (error) {
    if (!isAoError(error, 'not-found')) throw error
  }
  return createWalletFile(path)
}

/**
 * Makes a new wallet file and gives its address.
 * @throws AoError `invalid-wallet` when there is a file of this name.
 */
export async function newWallet(path: string, type: WalletType): Promise<string> {
  return (await createWalletFile(path, { type })).address
}

/**
 * The address of the wallet in a file.
 * @throws AoError `not-found`, `invalid-wallet`
 */
export async function addressOfWallet(path: string): Promise<string> {
  return (await loadWalletFile(path)).address
}
