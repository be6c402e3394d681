#!/usr/bin/env node
// The command of an installed package is built JavaScript; in a checkout it is the source itself.
import { existsSync } from 'node:fs'

const built = new URL('../dist/cli/main.js', import.meta.url)
const source = new URL('../src/cli/main.ts', import.meta.url)
const { main } = await import(existsSync(built) ? built.href : source.href)
await main()
