/**
 * `npm run fuzz -- [--cases N] [--seed S] [--only NAME] [--case FILE]`: feeds the codecs, the way of
 * a request and a running node with hostile input. A case that fails is written to a file; with
 * `--case` it is tried again, and in `regressions/` it stays a test.
 */
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { type FuzzBatch, ROUNDS, runFuzz } from './run.ts'
import type { FuzzFailure } from './target.ts'
import { openTargets } from './targets.ts'

const HANG_MS = 1_000
const PRINT_EVERY_MS = 5_000
const MAX_GROWTH_MIB = 32

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '100000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', default: '' },
    case: { type: 'string' },
  },
})

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** The name of a file of one case says its target: `node-requests.1.json`. */
async function tryAgain(path: string): Promise<void> {
  const { targets, close } = await openTargets()
  const name = basename(path).replace(/\..*$/, '')
  const target = targets.find((one) => one.name === name)
  if (target === undefined) throw new Error(`Expected a file named after a target, got ${path}`)
  await target.again(await readFile(path, 'utf8'))
  await close()
  print(`${path}: nothing wrong`)
}

interface Progress {
  readonly onBatch: (batch: FuzzBatch) => void
  readonly onRound: () => void
  /** Cases until now, their rate, the worst of them, and memory. */
  line(): string
  /** MiB by which the heap grew in the second half of the run, garbage aside. */
  grown(): number
}

function createProgress(): Progress {
  const startedMs = performance.now()
  let printedMs = startedMs
  let worst = { ms: 0, target: '' }
  let done = 0
  const heaps: number[] = []
  const line = (): string => {
    const rate = Math.round((done / (performance.now() - startedMs)) * 1_000)
    const { rss, heapUsed } = process.memoryUsage()
    const memory = `${mebibytes(rss)} MiB resident, ${mebibytes(heapUsed)} MiB heap`
    return `${done} cases, ${rate}/s, worst ${Math.round(worst.ms)} ms (${worst.target}), ${memory}`
  }
  return {
    onBatch: ({ target, cases, worstMs }) => {
      done = cases
      if (worstMs > worst.ms) worst = { ms: worstMs, target }
      if (performance.now() - printedMs < PRINT_EVERY_MS) return
      printedMs = performance.now()
      print(line())
    },
    onRound: () => {
      globalThis.gc?.()
      heaps.push(process.memoryUsage().heapUsed)
    },
    line,
    grown: () => mebibytes((heaps.at(-1) ?? 0) - (heaps[ROUNDS / 2] ?? 0)),
  }
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 1_048_576)
}

async function keep(failures: readonly FuzzFailure[]): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ao-scheduler-fuzz-'))
  for (const { target, seed, error, case: text } of failures) {
    const path = join(folder, `${target}.${seed}.json`)
    await writeFile(path, text)
    print(`\n${target} failed with seed ${seed}: ${path}\n${text.slice(0, 1_000)}\n${error}`)
  }
}

async function fuzz(): Promise<void> {
  const [cases, seed] = [Number(values.cases), Number(values.seed)]
  print(`seed ${seed}`)
  const { targets, close } = await openTargets()
  const chosen = targets.filter(({ name }) => name.includes(values.only))
  const { onBatch, onRound, line, grown } = createProgress()
  const { failures } = await runFuzz(chosen, { seed, cases, hangMs: HANG_MS, onBatch, onRound })
  print(`${line()}, ${grown()} MiB grown`)
  print(await close())
  await keep(failures)
  // Garbage tells nothing, and only `node --expose-gc` can leave it out.
  const isSteady = globalThis.gc === undefined || grown() <= MAX_GROWTH_MIB
  if (!isSteady) print(`Expected the heap to grow by ${MAX_GROWTH_MIB} MiB at most`)
  print(`${failures.length} of ${chosen.length} targets failed`)
  if (failures.length > 0 || !isSteady) process.exitCode = 1
}

if (values.case !== undefined) await tryAgain(values.case)
else await fuzz()
