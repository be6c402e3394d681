/** Wallet files made and read by hand. */
import type { WalletType } from '../crypto/wallet.ts'
import { createWalletFile, loadWalletFile } from '../crypto/wallet-file.ts'

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
