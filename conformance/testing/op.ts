import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

// `npm run op -- NAME` holds what concerns one op: the places that it touches, types, its lint, its tests, what the pages
// say of it, and `verify` on this machine. It reads the places as text, so that it says what is missing of an op that is
// half written, too.

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)))
const [name = ''] = process.argv.slice(2)

const textOf = (path: string): string => {
  const file = resolve(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

// ---- the places that an op touches, in the order in which they are best written ------------------------------------

const families = ['activations', 'layers', 'normalizers', 'losses', 'optimizers']
const family = families.find((each) => existsSync(resolve(root, `spec/${each}/${name}.ts`))) ?? '<family>'

// the rooms that hold a file and a line in a table for every op, as the compiler names what is missing
const rooms = ['spec', 'reference', 'accelerated', 'adapters/plainF32', 'conformance']
const files = rooms.map((room) => `${room}/${family}/${name}.ts`)
const golden = `conformance/golden/${family}/${name}`

interface Place {
  readonly path: string
  readonly missing: boolean
  readonly hint: string
}

const line = (path: string): Place => ({
  path,
  missing: !new RegExp(`^  ${name},$`, 'm').test(textOf(path)),
  hint: `a line for ${name}`,
})
const file = (path: string, hint: string): Place => ({ path, missing: textOf(path) === '', hint })

const places: readonly Place[] = [
  line('spec/catalogue.ts'),
  file(files[0] as string, 'the contract: docstring, formula, axes, attributes, bound'),
  file(files[1] as string, 'the formula, forward and backward'),
  line('reference/table.ts'),
  file(files[2] as string, 'lowering and kernels'),
  line('accelerated/table.ts'),
  file(files[3] as string, 'the plain loops in f32'),
  line('adapters/plainF32/table.ts'),
  file(files[4] as string, 'cases, laws, worked examples, planted mistakes'),
  line('conformance/table.ts'),
  line('conformance/coverage/classes/table.ts'),
  {
    path: 'conformance/testing/tightness.json',
    missing: !textOf('conformance/testing/tightness.json').includes(`"${name} forward":`),
    hint: `how tight its bounds are: npm run tightness -- ${name}`,
  },
  file(`${golden}.py`, 'what PyTorch is asked'),
  file(`${golden}.json`, `its answers: /usr/bin/python3 conformance/golden/generate.py ${name}`),
]

// ---- what is run ---------------------------------------------------------------------------------------------------

interface Outcome {
  readonly ok: boolean
  readonly output: string
}

const run = (command: string, ...given: readonly string[]): Promise<Outcome> =>
  new Promise((done) => {
    const child = spawn(resolve(root, 'node_modules/.bin', command), given, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const parts: string[] = []
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => parts.push(part.toString()))
    child.on('close', (code) => done({ ok: code === 0, output: parts.join('').trim() }))
  })

const order = (text: string): number => {
  const at = rooms.findIndex((room) => text.startsWith(`${room.split('/')[0] ?? ''}/`))
  return at < 0 ? rooms.length : at
}

// the compiler's lines in the order of the places
const types = async (): Promise<Outcome> => {
  const { ok, output } = await run('tsc', '--noEmit', '--pretty', 'false')
  const errors = output.split(/\n(?! )/).sort((a, b) => order(a) - order(b))
  return { ok, output: errors.join('\n') }
}

const there = [...files, 'spec/catalogue.ts', ...rooms.slice(1).map((room) => `${room}/table.ts`)].filter(
  (path) => textOf(path) !== '',
)
const cached = ['--cache', '--cache-strategy', 'content']

const lint = async (): Promise<Outcome> => {
  const rules = await run('eslint', ...cached, '--cache-location', 'node_modules/.cache/eslint/', ...there)
  const format = await run('prettier', '--check', '--log-level', 'warn', ...cached, ...there)
  return { ok: rules.ok && format.ok, output: [rules.output, format.output].filter((text) => text !== '').join('\n') }
}

// the tests that walk the catalogue: those of the op have its name in theirs. How a kernel is cut for a small device takes a
// software driver minutes, and is left to `npm test`
const walking = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
  (path) =>
    path.endsWith('.test.ts') &&
    !/^(node_modules|dist|cli|conformance\/split)\b/.test(path) &&
    /\b(opNames|questions)\b.*from '.*catalogue/.test(textOf(path)),
)

const tests = (): Promise<Outcome> =>
  run(
    'vitest',
    'run',
    ...walking,
    ...['--no-isolate', '--maxWorkers', '1', '--reporter', 'dot'],
    ...['--testNamePattern', `(^|[^\\w.])${name}([^\\w]|$)`],
  )

const pages = (): Promise<Outcome> => run('tsx', 'docs/write.ts', '--check', name)

const verify = (): Promise<Outcome> => run('tsx', 'cli/main.ts', 'verify', '--ops', name)

// ---- all of it -----------------------------------------------------------------------------------------------------

const indented = (text: string): string => text.replace(/^(?=.)/gm, '    ')

const step = async (what: string, work: () => Promise<Outcome>): Promise<boolean> => {
  const start = performance.now()
  const { ok, output } = await work()
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  console.log(`${ok ? '✓' : '✗'} ${what.padEnd(8)}${seconds.padStart(6)} s`)
  if (!ok || what === 'verify') console.log(indented(output))
  return ok
}

if (!/^\w+$/.test(name)) {
  console.error('npm run op -- NAME, the name of an op in spec/catalogue.ts, or of one that is being added')
  process.exitCode = 2
} else {
  const missing = places.filter((place) => place.missing)
  if (missing.length > 0) {
    console.log(`${name} is missing in`)
    for (const { path, hint } of missing) console.log(`  ${path}: ${hint}`)
  }
  // two cores: the compiler and lint beside the tests
  const ok = await Promise.all([
    (async () => [await step('types', types), await step('lint', lint)])(),
    missing.length > 0
      ? []
      : (async () => [await step('tests', tests), await step('pages', pages), await step('verify', verify)])(),
  ])
  process.exitCode = missing.length === 0 && ok.flat().every((each) => each) ? 0 : 1
}
