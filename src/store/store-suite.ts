/** The suite that every store passes: the promises of `store.ts`, one test each. */
import type { TestContext } from 'node:test'
import { runCommitSuite } from './commit-suite.ts'
import { runLinkSuite } from './link-suite.ts'
import { runListSuite } from './list-suite.ts'
import type { Store } from './store.ts'
import type { StoreSuiteOptions } from './suite-kit.ts'
import { runValueSuite } from './value-suite.ts'

/** @param openStore opens an empty store, a new one at each call */
export function runStoreSuite(
  name: string,
  openStore: () => Promise<Store>,
  options: StoreSuiteOptions = {},
): void {
  const open = async (context: TestContext): Promise<Store> => {
    const store = await openStore()
    context.after(() => store.close())
    return store
  }
  const suite = { ...options, name, open }
  runValueSuite(suite)
  runLinkSuite(suite)
  runListSuite(suite)
  runCommitSuite(suite)
}
