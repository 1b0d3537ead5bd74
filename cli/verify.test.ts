import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E, taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mutant, mutantFormula } from '../conformance/testing/instrument.js'
import { readReport } from '../conformance/reportCodec.js'
import { questionTable } from '../conformance/table.js'
import { formulaTable, smallTable, toy } from '../conformance/testing/toys.js'
import { plainF32 } from '../adapters/plainF32.js'
import { oracle } from '../reference/index.js'
import { formulas } from '../reference/table.js'
import type { Backend } from '../spec/backend.js'
import { fail } from '../spec/error.js'
import type { Tensors } from '../spec/tensor.js'
import { mapTensor, mapTensors } from '../spec/tensor.js'
import { oracleBy } from '../reference/formulas.js'
import type { Screen } from './terminal.js'
import { reportAt } from './report.js'
import { command, commandFromSource } from './testing/bundled.js'
import type { Rim } from './rim.js'
import type { VerifyOptions } from './verify.js'
import { verifyAt } from './verify.js'

const root = fileURLToPath(new URL('..', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly out: string
  readonly err: string
}

/** Runs the command to its end; `meet` may look at it as it starts to answer. */
const etalon = async (
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  meet: (child: ReturnType<typeof spawn>) => void = () => undefined,
  start = command,
): Promise<Ended> => {
  const child = spawn(process.execPath, [...start, ...args], {
    cwd: root,
    stdio: 'pipe',
    // what is said on GitHub Actions is another test's matter
    env: { ...process.env, GITHUB_ACTIONS: '', ...env },
  })
  const [out, err]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.once('data', () => meet(child))
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { code, signal, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}

interface Told {
  readonly screen: Screen
  readonly text: () => string
}
const recorder = (terminal = false): Told => {
  const parts: string[] = []
  return { screen: { write: (text) => parts.push(text), isTTY: terminal, columns: 60 }, text: () => parts.join('') }
}

const options: VerifyOptions = {
  ops: ['relu', 'tanh'],
  profile: 'quick',
  runs: 2,
  seed: 1,
  shrinkTime: 5,
  device: 'auto',
}
const verified = async (
  backend: Backend,
  given: Partial<VerifyOptions> = {},
  rim: Partial<Rim> = {},
  [out, err] = [recorder(), recorder()] as const,
) => {
  const at: Rim = {
    open: () => TE.right(backend),
    oracle,
    table: smallTable,
    out: out.screen,
    err: err.screen,
    now: () => 0,
    ...rim,
  }
  return { code: await verifyAt(at, { ...options, ...given }), out: out.text(), err: err.text() }
}
const parsed = (lines: string): readonly Readonly<Record<string, unknown>>[] => {
  expect(lines.endsWith('\n')).toBe(true)
  return lines
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
}
const rightOf = <A>(result: E.Either<{ readonly message: string }, A>): A => {
  if (E.isLeft(result)) throw new Error(result.left.message)
  return result.right
}
const faulty = toy({
  tanh: mutant(
    'tanh',
    smallTable.tanh.faults.find(({ direction }) => direction === 'forward')!,
  ),
})

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('etalon verify, by its parts', () => {
  test('a right backend ends with 0, plain lines and nothing on standard error', async () => {
    const { code, out, err } = await verified(toy())
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(out).toMatch(/^toy on\n {2}name +toy\n\nop +direction +cases .*verdict\ntanh +forward .* conformant\n/)
    expect(out).toMatch(/\nconformant: 4 conformant, \d+ cases, seed 1, 0.0 s\n$/)
  })

  test('a faulty backend ends with 1, and the replay of its failure is told', async () => {
    const { code, out } = await verified(faulty, { device: 'software' })
    expect(code).toBe(1)
    expect(out).toMatch(/ {2}as drawn {2}etalon replay --device software tanh\/forward\/1\/\d+@3\n/)
    expect(out).toMatch(/\nnot conformant: 3 conformant, 1 not conformant, /)
  })

  test('a backend that is named is the one that is opened, and its failures are replayed there', async () => {
    const asked: unknown[] = []
    const open: Rim['open'] = (...named) => {
      asked.push(named)
      return TE.right(faulty)
    }
    const { code, out } = await verified(faulty, { backend: 'plain-f32' }, { open })
    expect(code).toBe(1)
    // and opened anew to see whether what failed is wrong by itself
    expect(asked.length).toBeGreaterThan(1)
    expect(asked).toEqual(asked.map(() => ['auto', 'plain-f32']))
    expect(out).toMatch(/ {2}as drawn {2}etalon replay --backend plain-f32 tanh\/forward\/1\/\d+@3\n/)
  })

  test('a device for a backend that has none is a mistake in usage, told before any work', async () => {
    const open: Rim['open'] = () => () => Promise.reject(new Error('opened'))
    const { code, out, err } = await verified(toy(), { backend: 'plain-f32', device: 'gpu' }, { open })
    expect([code, out]).toEqual([2, ''])
    expect(err).toBe('etalon: --device gpu is for webgpu; plain-f32 has no device\n')
  })

  test('a faulty oracle ends with 4 before a device is opened', async () => {
    const wrong = { ...formulas, tanh: mutantFormula('tanh', smallTable.tanh.faults[0]!) }
    const { code, out, err } = await verified(
      toy(),
      {},
      {
        oracle: oracleBy(wrong),
        open: () => () => Promise.reject(new Error('opened')),
      },
    )
    expect(code).toBe(4)
    expect(out).toBe('')
    expect(err).toMatch(/the oracle fails its own check, so it judges nobody:\n {2}tanh forward: /)
  })

  test('an oracle that is wrong only where several attributes have left their defaults blames nobody: it ends with 4', async () => {
    const wrong = mutantFormula('momentum', {
      find: 'g + mu * v, gradient, velocity',
      replace: 'g + mu * v, g, velocity',
    })
    const rim = { oracle: oracleBy({ ...formulas, momentum: wrong }), table: questionTable }
    const { code, err } = await verified(toy(), { ops: ['momentum'], profile: 'standard' }, rim)
    expect(err).toMatch(/the oracle is in doubt about what it found wrong, so this is no verdict:\n {2}momentum: /)
    expect(code).toBe(4)
  })

  test('an oracle that keeps its laws and is wrong far out blames nobody whom the textbook’s loops agree with', async () => {
    const capped = mutantFormula('relu', { find: 'Math.max(0, x)', replace: 'Math.min(1000, Math.max(0, x))' })
    const rim = { oracle: oracleBy({ ...formulas, relu: capped }), table: questionTable }
    const asked = { ops: ['relu'], direction: 'forward', profile: 'standard' } as const
    const { code, err } = await verified({ ...plainF32, name: 'somebody’s' }, asked, rim)
    expect(err).toMatch(/so this is no verdict:\n {2}relu forward: in .* y\[.*\] is 1000; plain-f32 answers \d+/)
    expect(code).toBe(4)
    // where the oracle is right the loops say nothing for whoever is wrong
    const wrong: Backend = {
      ...plainF32,
      run: (program, feeds, watch) =>
        TE.map((values: Tensors) => mapTensors((v) => Math.min(v, 1000), values))(plainF32.run(program, feeds, watch)),
    }
    expect((await verified(wrong, asked, { table: questionTable })).code).toBe(1)
  })

  test('no device ends with 3, and so does one that is lost on the way, without a verdict and without a file', async () => {
    const none = await verified(toy(), {}, { open: () => TE.fromEither(fail('BackendUnavailable', 'buy one')) })
    expect(none).toEqual({ code: 3, out: '', err: 'etalon: BackendUnavailable: buy one\n' })
    const json = join(folder, 'lost.json')
    const lost = await verified({ ...toy(), run: () => TE.fromEither(fail('DeviceLost', 'unplugged')) }, { json })
    expect(lost.code).toBe(3)
    expect(lost.out).not.toMatch(/conformant/)
    expect(lost.err).toBe('etalon: DeviceLost: unplugged; this is no verdict\n')
    expect(existsSync(json)).toBe(false)
  })

  test('of a device that is lost on the way there is what it answered before, and no verdict', async () => {
    const json = join(folder, 'lost-later.json')
    const { run, ...rest } = toy()
    const lost = await verified(
      {
        ...rest,
        run: (program, ...more) =>
          program.nodes.some(({ op }) => op === 'add')
            ? TE.fromEither(fail('DeviceLost', 'the tab crashed'))
            : run(program, ...more),
      },
      { json, ops: ['add', 'tanh'] },
    )
    expect(lost.code).toBe(3)
    expect(lost.err).toBe(
      `etalon: DeviceLost: the tab crashed; this is no verdict, broken off after 2 of 4 lines; ${json} has them\n`,
    )
    expect(lost.out).toMatch(/\nno verdict, for the run was broken off: 2 conformant, 2 not run/)
    const { lines, summary } = rightOf(readReport(await readFile(json, 'utf8')))
    expect(lines.map(({ verdict }) => verdict)).toEqual(['conformant', 'conformant', 'not-run', 'not-run'])
    expect(summary).toMatchObject({ verdict: 'not-run', stopped: 'interrupted' })
  })

  test('a backend that answers nothing gets no verdict', async () => {
    const { code, out } = await verified({ ...toy(), supports: () => false })
    expect(code).toBe(3)
    expect(out).toMatch(/no verdict, for nothing was answered: 0 conformant, 4 unsupported/)
  })

  test('a scope without a question is a mistake in the request', async () => {
    const { code, err } = await verified(toy(), { ops: ['sgd'], direction: 'backward' })
    expect(code).toBe(2)
    expect(err).toBe('etalon: there is nothing to ask: none of sgd has a backward\n')
  })

  test('the device is closed, whatever happens', async () => {
    const closed: string[] = []
    const closing = (name: string, backend: Backend): Backend => ({
      ...backend,
      close: async () => void closed.push(name),
    })
    await verified(closing('right', toy()))
    await verified(closing('lost', { ...toy(), run: () => TE.fromEither(fail('DeviceLost', 'unplugged')) }))
    const full: Told = {
      screen: {
        write: (text) => {
          if (text.startsWith('tanh')) throw new Error('the disk is full')
        },
      },
      text: () => '',
    }
    await expect(verified(closing('in vain', toy()), {}, {}, [full, recorder()])).rejects.toThrow('the disk is full')
    expect(closed).toEqual(['right', 'lost', 'in vain'])
  })

  test('--json: a line of JSON for each op and direction, a summary, and nothing else', async () => {
    const { out } = await verified(faulty, { json: true })
    const lines = parsed(out)
    expect(lines.map(({ op, direction, verdict }) => [op, direction, verdict])).toEqual([
      ['tanh', 'forward', 'not-conformant'],
      ['tanh', 'backward', 'conformant'],
      ['relu', 'forward', 'conformant'],
      ['relu', 'backward', 'conformant'],
      [undefined, undefined, undefined],
    ])
    expect(lines.at(-1)).toMatchObject({ summary: { verdict: 'not-conformant', seed: 1, backend: 'toy' } })
  })

  test('programs have a table of their own below the ops, and lines of JSON, where nothing is left out', async () => {
    const some: Backend = { ...toy(), supports: (op) => ['relu', 'add', 'mul'].includes(op) }
    const { ops: _, ...everything } = options
    const asked = async (backend: Backend, given: Partial<VerifyOptions> = {}) => {
      const [out, err] = [recorder(), recorder()]
      let clock = 0
      const rim: Rim = {
        open: () => TE.right(backend),
        oracle,
        table: smallTable,
        out: out.screen,
        err: err.screen,
        now: () => (clock += 2000),
      }
      const code = await verifyAt(rim, { ...everything, ...given })
      return { code, out: out.text() }
    }
    const { code, out } = await asked(some)
    expect(code).toBe(0)
    expect(out).toMatch(
      /\n\nprogram +cases +worst error ÷ bound +verdict\ndiamond +4 .* conformant\nfan-out .* unsupported\n/,
    )
    expect(out).toMatch(/\nconformant: [^]* cases,\s+14\s+programs\s+conformant,\s+seed 1/)
    // a node's values are lost where the program has more than one
    const wrong: Backend = {
      ...some,
      run: (program, feeds, watch) =>
        TE.map((values: Tensors) => (program.nodes.length === 1 ? values : mapTensors((v) => v + 1, values)))(
          some.run(program, feeds, watch),
        ),
    }
    const text = await asked(wrong)
    expect(text.code).toBe(1)
    expect(text.out).toMatch(
      /\nprogram diamond: a value that several nodes read.*\n {4}run 1: node left \(relu forward\): left\[/,
    )
    expect(text.out).toMatch(/\nnot conformant: [^]* programs\s+not\s+conformant/)
    const lines = parsed((await asked(wrong, { json: true })).out)
    expect(lines.at(-1)).toMatchObject({
      summary: { verdict: 'not-conformant', notConformant: 0, programs: { conformant: 4, notConformant: 10 } },
    })
    expect(lines.filter(({ program }) => program === 'diamond')).toMatchObject([
      { backend: 'toy', verdict: 'not-conformant', failed: 1, failure: { at: 'run 1', node: 'left' }, seconds: 2 },
    ])
    // the first that is wrong is the last that is asked
    const bailed = parsed((await asked(wrong, { json: true, bail: true })).out)
    expect(bailed.filter(({ program }) => program !== undefined).map(({ verdict }) => verdict)).toEqual([
      'not-conformant',
    ])
    expect(bailed.at(-1)).toMatchObject({ summary: { stopped: 'bail', verdict: 'not-conformant' } })
  })

  test('what is wrong only after other questions is shown on a backend opened anew, and its replay is told', async () => {
    // one layer that is right at its first question only
    const open = () => {
      let asked = 0
      const { forward } = formulaTable.relu!
      return toy({
        relu: {
          forward: (attrs, inputs, sizes) => {
            const answers = forward(attrs, inputs, sizes)
            return asked++ === 0 ? answers : { y: answers['y'] && mapTensor((v) => v + 1, answers['y']) }
          },
        },
      })
    }
    let opened = 0
    const { code, out } = await verified(
      toy(),
      { ops: ['relu'], direction: 'forward' },
      {
        open: () => {
          const backend = open()
          return async () => {
            opened++
            return E.right(opened === 1 ? backend : open())
          }
        },
      },
    )
    expect(code).toBe(1)
    expect(opened).toBeGreaterThan(2)
    expect(out).toMatch(/\nwrong after another question, right alone:\n {4}relu forward x/)
    expect(out).toMatch(/\n {2}again {5}etalon replay '\[\{"op":"relu",.*\},\{"op":"relu",.*\}\]'\n/)
  })

  test('--json FILE: the file is whole, the text is on standard output; what the file was before is gone only then', async () => {
    const json = join(folder, 'report.json')
    await writeFile(json, 'before')
    await symlink(json, join(folder, 'link.json'))
    const { code, out } = await verified(toy(), { json: join(folder, 'link.json') })
    expect(code).toBe(0)
    expect(out).toMatch(/\nconformant: /)
    const lines = parsed(await readFile(json, 'utf8'))
    expect(lines).toHaveLength(5)
    expect(lines.at(-1)).toMatchObject({ summary: { verdict: 'conformant' } })
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('--json FILE that cannot be written ends with 2 before any work', async () => {
    const refusing: Partial<Rim> = { open: () => () => Promise.reject(new Error('opened')) }
    await mkdir(join(folder, 'sub'), { recursive: true })
    for (const [json, reason] of [
      [join(folder, 'nowhere', 'report.json'), /no such folder/],
      [join(folder, 'sub'), /it is a folder/],
      ['', /it has no name/],
    ] as const) {
      const { code, out, err } = await verified(toy(), { json }, refusing)
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(/^etalon: .* cannot be written: .*\n$/)
      expect(err).toMatch(reason)
    }
    if (process.getuid?.() === 0) return
    await chmod(join(folder, 'sub'), 0o500)
    expect((await verified(toy(), { json: join(folder, 'sub', 'report.json') }, refusing)).code).toBe(2)
  })

  test('--junit and --html: each file is whole, names the replay, and a stored report gives the same', async () => {
    const at = (name: string): string => join(folder, name)
    const [junit, html, json] = [at('report.xml'), at('report.html'), at('stored.jsonl')]
    const { code } = await verified(faulty, { junit, html, json, backend: 'plain-f32' })
    expect(code).toBe(1)
    const [xml, page] = await Promise.all([junit, html].map((file) => readFile(file, 'utf8')))
    expect(xml).toMatch(/<testsuite name="etalon toy" tests="4" failures="1" /)
    expect(xml).toMatch(/ as drawn {2}etalon replay --backend plain-f32 tanh\/forward\/1\/\d+@3\n/)
    expect(page).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
    const [again, anew] = [at('again.xml'), at('again.html')]
    const [out, err] = [recorder(), recorder()]
    expect(await reportAt({ out: out.screen, err: err.screen }, json, { junit: again, html: anew })).toBe(0)
    expect([out.text(), err.text()]).toEqual(['', ''])
    expect(await readFile(again, 'utf8')).toBe(xml)
    expect(await readFile(anew, 'utf8')).toBe(page)
  })

  test('a report that cannot be written, or two for one file, end with 2 before any work', async () => {
    const refusing: Partial<Rim> = { open: () => () => Promise.reject(new Error('opened')) }
    const one = join(folder, 'one')
    for (const given of [
      { junit: join(folder, 'nowhere', 'a.xml') },
      { html: folder },
      { html: '' },
      { junit: one, html: one },
      { json: one, html: one },
    ]) {
      const { code, out, err } = await verified(toy(), given, refusing)
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(/^etalon: .* cannot be written: .*\n$/)
    }
  })

  test('on GitHub Actions failures are annotated and the job has a summary, unless that is not wanted', async () => {
    const summary = join(folder, 'summary.md')
    await writeFile(summary, 'before\n')
    const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary }
    const { out } = await verified(faulty, {}, { env })
    expect(out).toMatch(/\n::error title=toy%3A tanh forward is not-conformant::[^\n]*%0A[^\n]*\n$/)
    expect(await readFile(summary, 'utf8')).toMatch(/^before\n## ❌ toy: not conformant\n/)
    const json = await verified(faulty, { json: true }, { env })
    expect(parsed(json.out)).toHaveLength(5)
    expect(json.err).toMatch(/^::error /m)
    await writeFile(summary, '')
    const without = await verified(faulty, { github: false }, { env })
    expect(without.out).not.toContain('::error')
    expect(await readFile(summary, 'utf8')).toBe('')
    const elsewhere = await verified(faulty, { github: true }, { env: {} })
    expect(elsewhere.out).toMatch(/\n::error /)
    const nowhere = { GITHUB_STEP_SUMMARY: join(folder, 'nowhere', 'summary.md') }
    expect((await verified(toy(), { github: true }, { env: nowhere })).code).toBe(2)
    expect((await verified(toy(), {}, { env: { ...nowhere, GITHUB_ACTIONS: 'true' } })).code).toBe(0)
  })

  test('a device such as /dev/null is written into, not replaced', async () => {
    expect((await verified(toy(), { json: '/dev/null' })).code).toBe(0)
    expect((await readFile('/dev/null')).length).toBe(0)
  })

  test('--bail stops at the first line that fails; what comes after it is told as not run', async () => {
    const json = join(folder, 'bail.json')
    const { code, out } = await verified(faulty, { bail: true, json })
    expect(code).toBe(1)
    expect(out).not.toMatch(/\nrelu /)
    expect(out).toMatch(/\nstopped at the first line that failed/)
    expect(out).toMatch(/\nnot conformant: 0 conformant, 1 not conformant, 3 not run, /)
    expect(rightOf(readReport(await readFile(json, 'utf8')))).toMatchObject({
      lines: [{ verdict: 'not-conformant' }, { verdict: 'not-run' }, { verdict: 'not-run' }, { verdict: 'not-run' }],
      summary: { stopped: 'bail', verdict: 'not-conformant' },
    })
  })

  test('--quiet tells failures and totals only, and what failed once more at the end', async () => {
    const right = await verified(toy(), { quiet: true })
    expect(right.out).toMatch(/^conformant: 4 conformant, .*\n$/)
    const { out } = await verified(faulty, { quiet: true })
    expect(out).toMatch(/^tanh forward/)
    expect(out).not.toMatch(/legend|worst:|toy on/)
    expect(out).toMatch(/\nfailed: tanh forward\n$/)
  })

  test('a ledger of known failures: what fails as it says is no failure, what does not is one', async () => {
    const skips = join(folder, 'known.json')
    const held = async (entries: readonly object[]) => {
      await writeFile(skips, JSON.stringify(entries))
      return verified(faulty, { skips })
    }
    const entry = { op: 'tanh', reason: 'bug 7', expires: '2999-12-31' }
    const known = await held([{ ...entry, direction: 'forward' }])
    expect(known.code).toBe(0)
    expect(known.out).toMatch(/\nknown to fail, and failed\n {4}tanh forward +bug 7 \(until 2999-12-31\)\n/)
    expect(known.out).not.toMatch(/as drawn/)
    expect(known.out).toMatch(/\nconformant: .* 1 known to fail/)
    const stale = await held([entry])
    expect(stale.code).toBe(1)
    expect(stale.out).toMatch(/\nknown to fail, and did not: tanh backward\n$/)
    const over = await held([{ ...entry, expires: '2020-01-01' }])
    expect([over.code, over.out]).toEqual([2, ''])
    expect(over.err).toMatch(
      /^etalon: FormatInvalid: .*known.json: entry 1: the entry of tanh .* expired on 2020-01-01/,
    )
    expect((await held([{ ...entry, op: 'tanhh' }])).err).toMatch(/UnknownOp: .* did you mean tanh\?\n$/)
  })

  test('limits and features of a device are folded unless they are asked for', async () => {
    const device = { ...toy(), fingerprint: { name: 'toy', features: 'a b', maxBufferSize: 7 } }
    expect((await verified(device)).out).toMatch(
      /^toy on\n {2}name +toy\n {2}and 2 limits and features: --device-facts tells/,
    )
    expect((await verified(device, { deviceFacts: true })).out).toMatch(/\n {2}maxBufferSize +7\n/)
  })

  test('progress goes to standard error where that is a terminal, cut to its width', async () => {
    const [out, err] = [recorder(), recorder(true)]
    await verified(toy(), {}, {}, [out, err])
    expect(err.text()).toMatch(/\r\u001b\[2Kchecking the oracle …/)
    expect(err.text()).toMatch(/\r\u001b\[2K1 of 4 {2}tanh forward: case 1 of \d+/)
    expect(
      err
        .text()
        .split('\r')
        .filter((part) => part.length > 4 + 59),
    ).toEqual([])
    expect(err.text().endsWith('\r\u001b[2K')).toBe(true)
    expect(out.text()).not.toContain('\u001b')
  })
})

describe('etalon verify, as a process', () => {
  const quick = ['verify', '--ops', 'relu', '--direction', 'forward', '--profile', 'quick', '--device', 'software']

  test('holds the software adapter against the reference: 0, plain lines, no escape codes, nothing on standard error', async () => {
    const args = ['verify', '--ops', 'relu,dense', '--direction', 'backward', '--profile', 'quick']
    // from the sources, as `npm start` does, and in two processes
    const { code, out, err } = await etalon(
      [...args, '--device', 'software', '--jobs', '2'],
      { NO_COLOR: '1' },
      undefined,
      commandFromSource,
    )
    expect(code).toBe(0)
    expect(err).toBe('')
    expect(out).not.toContain('\u001b')
    expect(out).toMatch(/^webgpu on\n {2}kind +embedded-software\n/)
    expect(out).toMatch(/\nrelu +backward .* conformant\ndense +backward .* conformant\n/)
    expect(out).toMatch(/\nconformant: 2 conformant, \d+ cases, seed 1, [\d.]+ s\n$/)
  })

  test('--json on a pipe arrives whole', async () => {
    const { code, out, err } = await etalon([...quick, '--json'], { FORCE_COLOR: '1' })
    expect([code, err]).toEqual([0, ''])
    const lines = parsed(out)
    expect(lines[0]).toMatchObject({ op: 'relu', direction: 'forward', backend: 'webgpu', verdict: 'conformant' })
    expect(lines.at(-1)).toMatchObject({ summary: { fingerprint: { kind: 'embedded-software' } } })
  })

  test('--backend plain-f32 needs no device, is named in the report, and in every line of JSON', async () => {
    const args = ['verify', '--ops', 'relu,sgd', '--profile', 'quick', '--backend', 'plain-f32']
    const { code, out, err } = await etalon(args, { NO_COLOR: '1' })
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^plain-f32 on\n {2}name +plain-f32\n {2}arithmetic +f32\n/)
    const json = parsed((await etalon([...args, '--json'])).out)
    expect(json.slice(0, -1).map(({ op, backend, verdict }) => [op, backend, verdict])).toEqual([
      ['relu', 'plain-f32', 'conformant'],
      ['relu', 'plain-f32', 'conformant'],
      ['sgd', 'plain-f32', 'conformant'],
    ])
    expect(json.at(-1)).toMatchObject({ summary: { backend: 'plain-f32', fingerprint: { arithmetic: 'f32' } } })
  })

  test('Ctrl-C writes what there is, says so and ends with 130', async () => {
    const json = join(folder, 'interrupted.json')
    const started = performance.now()
    const args = ['verify', '--ops', 'relu,conv*', '--profile', 'quick', '--backend', 'plain-f32', '--json', json]
    const { code, out, err } = await etalon(args, {}, (child) => {
      let [text, sent] = ['', false]
      child.stdout?.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (sent || !/relu +forward/.test(text)) return
        sent = true
        child.kill('SIGINT')
        // a parent such as npm hands it on: it comes twice
        setTimeout(() => child.kill('SIGINT'), 20)
      })
    })
    expect(code).toBe(130)
    expect(err).toMatch(/^etalon: broken off after \d of \d+ lines; .*interrupted.json has them\n$/)
    expect(out).toMatch(/\nno verdict, for the run was broken off: \d conformant, \d+ not run/)
    expect(performance.now() - started).toBeLessThan(60_000)
    const { lines, summary } = rightOf(readReport(await readFile(json, 'utf8')))
    expect(lines[0]).toMatchObject({ op: 'relu', verdict: 'conformant' })
    expect(lines.at(-1)).toMatchObject({ verdict: 'not-run' })
    expect(summary).toMatchObject({ verdict: 'not-run', stopped: 'interrupted' })
  })

  test('a reader that goes away ends it quietly', async () => {
    const args = ['verify', '--ops', 'relu,conv*', '--profile', 'quick', '--backend', 'plain-f32']
    const { code, err } = await etalon(args, {}, (child) => child.stdout?.destroy())
    expect([code, err]).toEqual([141, ''])
  })

  test.each([
    [['--ops', 'relu,rule'], /there is no op "rule"; there are sigmoid, /],
    [['--ops', 'conv2', '--quiet'], /there is no op "conv2"; did you mean conv2d\?\n/],
    [['--ops', 'Conv*'], /no op is called Conv\*; there are sigmoid, /],
    [['--ops', ''], /there is no op ""/],
    [['--shard', '3/2'], /A part is wanted such as 2\/8/],
    [['--shard', '0/2'], /A part is wanted such as 2\/8/],
    [['--skips', 'nowhere.json'], /^etalon: FileUnreadable: nowhere.json cannot be read: no such file\n$/],
    [['--runs', '-1'], /whole number of at least 0/],
    [['--runs', '1.5'], /whole number of at least 0/],
    [['--runs', 'abc'], /whole number of at least 0/],
    [['--profile', 'slow'], /quick, standard, wild/],
    [['--shrink-time', '-1'], /at least 0/],
    [['--seed', '1e3'], /whole number of at least 0/],
    [['--seed', '99999999999999999999'], /whole number of at least 0/],
    [['--direction', 'sideways'], /Allowed choices are forward, backward/],
    [['--device', 'abacus'], /Allowed choices are auto, gpu, software/],
    [['--backend', 'abacus'], /there is no backend "abacus"; there are webgpu, plain-f32/],
    [['--speed'], /unknown option '--speed'/],
    [['relu'], /too many arguments/],
  ] as const)('%j is a mistake in usage', async (args, message) => {
    const { code, out, err } = await etalon(['verify', ...args])
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
    expect(err).not.toMatch(/\n {4}at /)
  })
})
