/** The node's own wallet: from its file, made on the first start, or for one run only. */
import { isAoError } from '../base/errors.ts'
import { walletFileOf } from '../config/load-config.ts'
import type { NodeConfig } from '../config/options.ts'
import { generateWallet } from '../crypto/local-wallet.ts'
import type { Wallet } from '../crypto/wallet.ts'
import { createWalletFile, loadWalletFile } from '../crypto/wallet-file.ts'

/** @throws AoError `invalid-wallet` when the file holds no usable key. */
export async function openWallet(config: NodeConfig): Promise<Wallet> {
  const path = walletFileOf(config)
  if (path === undefined) return generateWallet('rsa-4096')
  try {
    return await loadWalletFile(path)
  } catch (error) {
    if (!isAoError(error, 'not-found')) throw error
  }
  return createWalletFile(path)
}
