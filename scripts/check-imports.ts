/**
 * The import table of the project and the check that holds it: which folder under `src/` may
 * import which, and which npm package is used in which folders only. Fails with file, line and the
 * broken rule. Test files (`*.test.ts`, `*-suite.ts`) may import anything.
 */
import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, join, normalize, relative } from 'node:path'

const EVERYTHING = 'everything'

/** What each folder under `src/` may import besides itself; `.` is the files directly in `src/`. */
export const FOLDERS: Readonly<Record<string, readonly string[] | typeof EVERYTHING>> = {
  base: [],
  crypto: ['base'],
  message: ['base', 'crypto'],
  codec: ['base', 'crypto', 'message'],
  store: ['base'],
  cache: ['base', 'message', 'codec', 'store'],
  arweave: ['base', 'crypto', 'message', 'codec', 'store'],
  scheduler: ['base', 'crypto', 'message', 'codec', 'store', 'cache', 'arweave'],
  cron: ['base', 'message', 'store', 'cache'],
  device: ['base', 'message', 'codec', 'cache', 'scheduler', 'cron'],
  resolver: ['base', 'message', 'codec', 'cache', 'device'],
  legacy: ['base', 'message', 'codec', 'scheduler'],
  http: ['base', 'message', 'codec', 'resolver', 'legacy'],
  config: ['base'],
  telemetry: ['base'],
  node: EVERYTHING,
  cli: ['base', 'config', 'node'],
  '.': EVERYTHING,
}

/** The npm packages that `src/` uses, and the only folders that may import each. */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  '@noble/hashes': ['crypto'],
  croner: ['cron'],
  fastify: ['http'],
  lmdb: ['store'],
  msgpackr: ['cache'],
  pg: ['store'],
  pino: ['telemetry'],
  'pino-pretty': ['telemetry'],
  'prom-client': ['telemetry'],
  'tiny-secp256k1': ['crypto'],
  undici: ['http', 'arweave'],
  zod: ['config'],
}

/** The operator's web page beside `src/`: it knows the HTTP API and imports nothing of ours. */
const DASHBOARD = 'dashboard'

interface ImportSite {
  /** Path from the project's root. */
  readonly file: string
  readonly line: number
  readonly specifier: string
}

interface FolderEdge extends ImportSite {
  readonly from: string
  readonly to: string
}

/** Every broken rule below `root`, as `file:line: rule`; empty when all is well. */
export function checkImports(root: string): string[] {
  const sites = listSources(root).flatMap((file) => findImports(root, file))
  const problems: string[] = []
  const edges: FolderEdge[] = []
  for (const site of sites) {
    const problem = site.specifier.startsWith('.')
      ? checkOwnImport(site, edges)
      : checkPackage(site)
    if (problem !== undefined) problems.push(`${site.file}:${site.line}: ${problem}`)
  }
  return [...problems, ...findFolderCycles(edges)]
}

/** The folder table as Markdown, for ARCHITECTURE.md. */
export function formatImportTable(): string {
  const rows = Object.entries(FOLDERS)
    .filter(([folder]) => folder !== '.')
    .map(([folder, allowed]) => {
      const packages = Object.keys(PACKAGES).filter((name) => PACKAGES[name]?.includes(folder))
      const own = allowed === EVERYTHING ? 'all of the above' : allowed.join(', ')
      return `| \`${folder}/\` | ${own || 'nothing of ours'} | ${packages.join(', ')} |`
    })
  return ['| folder | may import | npm packages |', '| --- | --- | --- |', ...rows].join('\n')
}

function listSources(root: string): string[] {
  return globSync(['src/**/*.ts', `${DASHBOARD}/**/*.{ts,js}`], { cwd: root })
    .filter((file) => !/(\.test|-suite)\.ts$/.test(file))
    .filter((file) => !file.includes('node_modules'))
    .sort()
}

/** Static, dynamic and type imports, re-exports and `require`, all at formatted line starts. */
function findImports(root: string, file: string): ImportSite[] {
  const text = readFileSync(join(root, file), 'utf8')
  const patterns = [
    /^(?:import|export)\b(?:[^'"`;]*?\bfrom)?\s*(['"])([^'"]+)\1/gm,
    /^(?!\s*(?:\*|\/\/)).*\b(?:import|require)\(\s*(['"])([^'"]+)\1/gm,
  ]
  return patterns.flatMap((pattern) =>
    [...text.matchAll(pattern)].map((match) => ({
      file,
      line: text.slice(0, match.index + match[0].length).split('\n').length,
      specifier: match[2] ?? '',
    })),
  )
}

function checkOwnImport(site: ImportSite, edges: FolderEdge[]): string | undefined {
  const target = normalize(join(dirname(site.file), site.specifier)).replaceAll('\\', '/')
  if (target === 'package.json') return undefined
  const [from, to] = [folderOf(site.file), folderOf(target)]
  if (from === to) return undefined
  if (from === DASHBOARD) return `${DASHBOARD}/ may import nothing from outside itself`
  if (to === undefined || to === DASHBOARD) return `src/ may not import ${target}`
  if (from === undefined) return undefined
  edges.push({ ...site, from, to })
  const allowed = FOLDERS[from]
  if (allowed === undefined) return `${from}/ has no row in the import table`
  if (allowed === EVERYTHING || allowed.includes(to)) return undefined
  return `${from}/ may not import ${to}/ (only: ${allowed.join(', ') || 'nothing of ours'})`
}

function checkPackage(site: ImportSite): string | undefined {
  if (isBuiltin(site.specifier)) return undefined
  const name = /^(@[^/]+\/)?[^/]+/.exec(site.specifier)?.[0] ?? site.specifier
  const from = folderOf(site.file)
  if (from === DASHBOARD || from === undefined) return undefined
  const folders = PACKAGES[name]
  if (folders === undefined) return `package ${name} has no row in the package table`
  if (folders.includes(from)) return undefined
  return `package ${name} may only be used in ${folders.map((f) => `${f}/`).join(', ')}`
}

/** `base` for `src/base/bytes.ts`, `.` for `src/index.ts`, `undefined` outside. */
function folderOf(file: string): string | undefined {
  const [top, folder, ...rest] = file.split('/')
  if (top === DASHBOARD) return DASHBOARD
  if (top !== 'src' || folder === undefined) return undefined
  return rest.length === 0 ? '.' : folder
}

/** One line for each circle of folders, naming an import that makes each step. */
function findFolderCycles(edges: readonly FolderEdge[]): string[] {
  const cycles = new Map<string, string>()
  for (const start of edges) {
    const back = findWay(edges, start.to, start.from)
    if (back === undefined) continue
    const circle = [start, ...back]
    const key = [...new Set(circle.map((edge) => edge.from))].sort().join()
    const steps = circle.map((edge) => `${edge.to}/ (${edge.file}:${edge.line})`)
    const line = `${start.file}:${start.line}: folders in a circle: ${start.from}/ → ${steps.join(' → ')}`
    if (!cycles.has(key)) cycles.set(key, line)
  }
  return [...cycles.values()]
}

function findWay(
  edges: readonly FolderEdge[],
  from: string,
  to: string,
): readonly FolderEdge[] | undefined {
  const ways = new Map<string, readonly FolderEdge[]>([[from, []]])
  for (const [folder, way] of ways) {
    if (folder === to) return way
    for (const edge of edges) {
      if (edge.from === folder && !ways.has(edge.to)) ways.set(edge.to, [...way, edge])
    }
  }
  return undefined
}

if (import.meta.main) {
  const root = relative(process.cwd(), join(import.meta.dirname, '..')) || '.'
  const problems = checkImports(root)
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exitCode = 1
}
