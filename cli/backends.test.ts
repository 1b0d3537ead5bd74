import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedRunsOn } from '../accelerated/device/decide.js'
import { currentPlatform } from '../accelerated/device/load.js'
import { questionTable } from '../conformance/table.js'
import { oracle } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import type { Program } from '../spec/program.js'
import { deviceProblem, openBackend, replayCommand } from './backends.js'
import { nearest } from '../spec/nearest.js'
import { replayAt } from './replay.js'
import type { Rim } from './rim.js'
import type { VerifyOptions } from './verify.js'
import { verifyAt } from './verify.js'
import { command } from './testing/bundled.js'
import { zooAt } from './zoo.js'

const root = fileURLToPath(new URL('..', import.meta.url))
const options: VerifyOptions = { ops: ['relu'], profile: 'quick', runs: 0, seed: 1, shrinkTime: 5, device: 'auto' }

interface Heard {
  readonly code: number
  readonly out: string
  readonly err: string
}

const heard = async (does: (rim: Rim) => Promise<number>): Promise<Heard> => {
  const [out, err]: [string[], string[]] = [[], []]
  const rim: Rim = {
    open: openBackend,
    oracle,
    table: questionTable,
    out: { write: (text) => out.push(text) },
    err: { write: (text) => err.push(text) },
    now: () => 0,
  }
  return { code: await does(rim), out: out.join(''), err: err.join('') }
}
const verified = (backend: string, given: Partial<VerifyOptions> = {}): Promise<Heard> =>
  heard((rim) => verifyAt(rim, { ...options, ...given, backend }))

let folder = ''
/** Writes a file, and gives its path. */
const file = async (name: string, text: string): Promise<string> => {
  await writeFile(join(folder, name), text)
  return join(folder, name)
}
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etalon-plug-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

// by hand, since the package's own name leads to what is built
const relu = `
const tagged = (right) => ({ _tag: 'Right', right })
const mine = {
  name: 'mine',
  fingerprint: { arithmetic: 'f64' },
  supports: (op, direction) => op === 'relu' && direction === 'forward',
  run: (program, { x }) => async () =>
    tagged({ 'out.y': { shape: x.shape, data: Array.from(x.data, (v) => (Number.isNaN(v) ? v : Math.max(0, v))) } }),
  close: async () => {},
}
`

describe('a backend from a file', () => {
  test.each([
    ['is one', 'one.mjs', `${relu} export default mine`],
    ['is a promise of one', 'promise.mjs', `${relu} export default Promise.resolve(mine)`],
    ['makes one', 'makes.mjs', `${relu} export default ({ gpu }) => ({ ...mine, fingerprint: { gpu: typeof gpu } })`],
    ['makes a promise of one', 'makesPromise.mjs', `${relu} export default async () => mine`],
    ['is of the older kind', 'older.cjs', `${relu} module.exports = mine`],
    ['is TypeScript', 'typed.ts', `${relu} const typed: object = mine; export default typed`],
    ['is TypeScript that awaits', 'awaits.mts', `${relu} await Promise.resolve(); export default mine as object`],
  ])('that %s is held like any other', async (_, name, text) => {
    const { code, out, err } = await verified(await file(name, text))
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^mine on\n[^]*\nrelu +forward +31 [^]*conformant\nrelu +backward +0 .* unsupported\n/)
  })

  test('is opened anew as if it had never been: what it remembers is gone', async () => {
    const path = await file('counts.mjs', `${relu} let n = 0; export default { ...mine, run: (p, f) => { n++; return mine.run(p, f) }, get fingerprint() { return { n } } }`) // prettier-ignore
    const first = getOrThrow(await openBackend('auto', path)())
    const x = { shape: [1], data: [1] }
    await first.run({ inputs: { x: [1] }, nodes: [], outputs: [], carry: {} } satisfies Program, { x })()
    expect(first.fingerprint).toEqual({ n: 1 })
    expect(getOrThrow(await openBackend('auto', path)()).fingerprint).toEqual({ n: 0 })
  })

  test('that fails is replayed by a line that names it', async () => {
    await mkdir(join(folder, 'my files'), { recursive: true })
    const path = await file('my files/wrong.mjs', `${relu} export default { ...mine, run: (p, { x }) => async () => tagged({ 'out.y': x }) }`) // prettier-ignore
    const { code, out } = await verified(path)
    expect(code).toBe(1)
    const line = /smallest {2}etalon replay --backend '([^']+)' '([^']+)'/.exec(out)
    expect(line?.[1]).toBe(path)
    const again = await heard((rim) => replayAt(rim, line![2]!, 'auto', line![1]))
    expect(again.code).toBe(1)
    expect(again.out).toMatch(/not-conformant\n$/)
  })

  test.each([
    ['is not there', undefined, /^etalon: FileUnreadable: there is no file .*x\d+\.mjs\n$/],
    ['is no JavaScript', 'export default {', /FileUnreadable: .* does not load: /],
    ['imports what there is not', `import 'no-such-package'`, /FileUnreadable: .*does not load: Cannot find package|FileUnreadable: .*does not load: .*no-such-package/], // prettier-ignore
    ['throws as it loads', 'throw new Error("out of order")', /FileUnreadable: .*does not load: out of order/],
    ['exports nothing', 'export const a = 1', /FormatInvalid: .* has no default export; its default export must be/],
    ['exports a number', 'export default 3', /FormatInvalid: .* gives 3; its default export must be a Backend/],
    ['exports null', 'export default null', /FormatInvalid: .* gives null;/],
    ['exports part of a backend', 'export default { name: "x", run() {} }', /FormatInvalid: .*an object without fingerprint, supports, close;/], // prettier-ignore
    ['exports what cannot be read', 'export default { get name() { throw new Error("mine") } }', /FormatInvalid: .*cannot be read: mine/], // prettier-ignore
    ['promises in vain', 'export default Promise.reject(new Error("no licence"))', /Thrown: .*gives none: no licence/],
    ['makes none', 'export default () => { throw new Error("no licence") }', /Thrown: .* makes no backend: no licence/],
    ['names an op that there is none of', `${relu} export default { ...mine, translates: { reluu: ['a layout'] } }`, /UnknownOp: .*names an op in translates: there is no op "reluu"/], // prettier-ignore
  ])('that %s is a mistake in usage', async (name, text, message) => {
    const path = join(folder, `x${name.length}.mjs`)
    if (text !== undefined) await writeFile(path, text)
    const { code, out, err } = await verified(path)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(message)
  })

  test('that says that the machine lacks something is no mistake, and no verdict', async () => {
    const path = await file('lacks.mjs', `export default () => Promise.reject({ code: 'BackendUnavailable', message: 'no GPU' })`) // prettier-ignore
    expect(await verified(path)).toEqual({ code: 3, out: '', err: 'etalon: BackendUnavailable: no GPU\n' })
  })

  test('that never answers, and cannot be closed, is told so, and the run comes to its end', async () => {
    const path = await file('hangs.mjs', `${relu} export default { ...mine, run: () => () => new Promise(() => {}), close: () => { throw new Error('stuck') } }`) // prettier-ignore
    const { code, out, err } = await verified(path, { caseTimeout: 0.1 })
    expect(code).toBe(1)
    expect(out).toMatch(/\n {4}no answer within 0\.1 s\n/)
    expect(out).toMatch(/26 cases were not asked, after/)
    expect(err).toBe('etalon: the backend: it could not be closed: stuck\n')
  })

  test.skipIf(E.isLeft(embeddedRunsOn(currentPlatform())))('is offered WebGPU as a browser has it', async () => {
    const path = await file('gpu.mjs', `${relu} export default async ({ gpu }) => {
      const { right } = await gpu()
      const adapter = await right.gpu.requestAdapter()
      return { ...mine, fingerprint: { ...right.fingerprint, adapter: adapter !== null, usage: right.globals.GPUBufferUsage.STORAGE } }
    }`) // prettier-ignore
    const backend = getOrThrow(await openBackend('software', path)())
    expect(backend.fingerprint).toMatchObject({ kind: 'embedded-software', adapter: true, usage: 128 })
  })
})

describe('a process that a backend shares', () => {
  const etalon = (path: string) =>
    spawnSync(process.execPath, [...command, 'verify', '--backend', path, '--ops', 'relu', '--direction', 'forward', '--profile', 'quick'], { cwd: root, encoding: 'utf8' }) // prettier-ignore

  test('is not ended with a verdict by the backend', async () => {
    for (const code of [0, 1]) {
      const path = await file(
        `exits${code}.mjs`,
        `${relu} export default { ...mine, run: () => process.exit(${code}) }`,
      )
      const { status, stderr } = etalon(path)
      expect([status, stderr]).toEqual([3, 'etalon: the process ended before the command did; this is no verdict\n'])
    }
  })

  test('is not ended by what a backend throws aside, nor by what it leaves behind', async () => {
    const path = await file('aside.mjs', `${relu}
      setInterval(() => {}, 1000)
      export default { ...mine, run: (...asked) => { Promise.reject(new Error('aside')); return mine.run(...asked) } }`) // prettier-ignore
    const { status, stdout, stderr } = etalon(path)
    expect(status).toBe(0)
    expect(stdout).toMatch(/\nconformant: 1 conformant/)
    expect(stderr).toBe(`${'etalon: something threw while nobody waited for it: aside\n'.repeat(2)}etalon: something threw while nobody waited for it: aside; more of it is not told\n`) // prettier-ignore
  })
})

describe('a name', () => {
  test('that is none leads to the one that was meant', async () => {
    expect(await verified('plain-f23')).toEqual({
      code: 2,
      out: '',
      err: 'etalon: UnknownBackend: there is no backend "plain-f23"; did you mean plain-f32? A file is given by its path, ./mine.ts, a program as exec:COMMAND\n',
    })
    expect((await verified('exec: ')).err).toMatch(/exec: wants a command behind it/)
    expect((await verified('tfjs')).err).toMatch(/did you mean tfjs-cpu, tfjs-wasm or tfjs-webgpu\?/)
    expect(nearest('WebGPU', ['webgpu', 'plain-f32'])).toBe('webgpu')
    expect(nearest('banana', ['webgpu', 'plain-f32'])).toBeUndefined()
  })

  test('and a device stand in the replay line, as a shell takes them', () => {
    expect(replayCommand('auto', 'webgpu')).toBe('etalon replay')
    expect(replayCommand('gpu', './mine.ts')).toBe('etalon replay --backend ./mine.ts --device gpu')
    expect(replayCommand('auto', `exec:it's me`)).toBe(`etalon replay --backend 'exec:it'\\''s me'`)
    expect(deviceProblem('gpu', 'exec:me')).toMatch(/exec:me has no device/)
    expect(deviceProblem('gpu', './mine.ts')).toBeUndefined()
  })
})

const hasPython = spawnSync('python3', ['--version']).status === 0
const example = join(root, 'docs', 'backends', 'my_backend.py')
const python = `exec:python3 ${example}`

describe.skipIf(!hasPython)('the example in Python', () => {
  test('is conformant, and says what it does not do, and why', async () => {
    const { code, out, err } = await verified(python, { ops: ['relu', 'dense'], profile: 'quick' })
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(/^my-python on\n {2}command +python3\s[^]*\n {2}python +3\./)
    expect(out).toMatch(
      /\nrelu +forward +31 .* kept +conformant\nrelu +backward +\d+ .* kept +conformant\n +\d+ of 39 cases are not its own\n/,
    )
    expect(out).toMatch(/\ndense +forward .* conformant\n +\d+ of 21 cases are not its own\n/)
    expect(out).toMatch(/\ndense +backward +0 .* unsupported\n/)
    expect(out).toMatch(/\n {4}dense forward +\d+ {2}no bias\n/)
  })
})

/** A command that answers by a few lines of JavaScript: `answer(request)` gives what it prints. */
const program = async (name: string, answer: string): Promise<string> => {
  const path = await file(
    name,
    `const right = ({ id, inputs: { x } }) => JSON.stringify({ id, ok: true, outputs: { y: { shape: x.shape, data: x.data.map((v) => (typeof v === 'string' ? (v === '-Infinity' ? 0 : v) : Math.max(0, v))) } } })
    const hello = ({ id }) => JSON.stringify({ id, ok: true, name: 'js', supports: { relu: ['forward'] } })
    let n = 0
    const answer = ${answer}
    require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
      const request = JSON.parse(line)
      const text = request.hello === undefined ? answer(request, ++n) : hello(request)
      if (text !== undefined) console.log(text)
    })`,
  )
  return `exec:${process.execPath} ${path}`
}

describe('a program that', () => {
  test.each([
    ['is right', '(request) => right(request)', undefined],
    ['prints what is no JSON', '() => "Loading model..."', /^ {4}prints "Loading model\.\.\.", which is no JSON; what is for people goes to/m], // prettier-ignore
    ['prints NaN as it is', `({ id }) => '{"id":' + id + ',"ok":true,"outputs":{"y":{"shape":[1],"data":[NaN]}}}'`, /NaN and the infinities travel as "NaN"/], // prettier-ignore
    ['answers another question', `(request) => right({ ...request, id: 1e6 })`, /answers id 1000000; \d+ was asked/],
    ['answers no outputs', '({ id }) => JSON.stringify({ id, ok: true })', /its outputs are undefined; they must be/],
    ['answers null for a number', '({ id }) => JSON.stringify({ id, ok: true, outputs: { y: { shape: [1], data: [null] } } })', /y has null among its data, at 0/], // prettier-ignore
    ['answers a tensor without data', '({ id }) => JSON.stringify({ id, ok: true, outputs: { y: { shape: [1] } } })', /y has data undefined; it must be a list/], // prettier-ignore
    [
      'answers too few outputs',
      '({ id }) => JSON.stringify({ id, ok: true, outputs: {} })',
      /y is missing from the answer/,
    ],
    ['answers what the op has not', '({ id }) => JSON.stringify({ id, ok: true, outputs: { z: { shape: [], data: [1] } } })', /answers z; relu forward gives y/], // prettier-ignore
    [
      'fails',
      '({ id }) => JSON.stringify({ id, ok: false, error: { code: "Exploded", message: "bang" } })',
      /Exploded: bang/,
    ],
    ['ends', '() => { console.error("first\\nsegmentation fault"); process.exit(7) }', /the process ended with exit code 7: segmentation fault/], // prettier-ignore
  ])('%s', async (name, answer, problem) => {
    const { code, out } = await verified(await program(`p${name.length}.cjs`, answer), { shrinkTime: 0.5 })
    expect(code).toBe(problem === undefined ? 0 : 1)
    if (problem !== undefined)
      expect(
        [out, out.replaceAll(/\s+/g, ' ')].some((text) => problem.test(text)),
        out,
      ).toBe(true)
    // to the end of the line, with as many processes as that takes
    expect(out).toMatch(/\nrelu +forward +(29|31) /)
  })

  test('ends once is started anew, and only that case fails', async () => {
    const { out } = await verified(await program('once.cjs', '(request, n) => n === 5 ? process.exit(1) : right(request)'), { shrinkTime: 0.5 }) // prettier-ignore
    const failed = Number(/(\d+) of \d+ cases failed/.exec(out)?.[1])
    expect(failed).toBeGreaterThan(0)
    expect(failed).toBeLessThan(12)
  })

  test('never answers is ended, and so is all that it started', async () => {
    const { code, out } = await verified(await program('never.cjs', '() => undefined'), { caseTimeout: 0.5 })
    expect(code).toBe(1)
    expect(out).toMatch(/\n {4}no answer within 0\.5 s\n/)
    expect(spawnSync('pgrep', ['-f', join(folder, 'never.cjs')]).stdout.toString()).toBe('')
  })

  test('never answers is ended when the command is interrupted', async () => {
    const mine = await program('interrupted.cjs', '() => undefined')
    const args = [...command, 'verify', '--backend', mine, '--ops', 'relu']
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] })
    // the name of the backend is printed once it is asked
    await once(child.stdout, 'data')
    const running = (): string => spawnSync('pgrep', ['-f', `^[^ ]*node ${join(folder, 'interrupted.cjs')}`]).stdout.toString() // prettier-ignore
    expect(running()).not.toBe('')
    child.kill('SIGINT')
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
    expect(signal === 'SIGINT' || code === 130).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(running()).toBe('')
  })

  test('cannot be found is a mistake in usage; one that ends before it says anything could not start', async () => {
    const none = await verified('exec:no-such-command')
    expect([none.code, none.out]).toEqual([2, ''])
    expect(none.err).toMatch(/FileUnreadable: exec:no-such-command: the process ended with exit code 127: .*not found/)
    const ended = await verified(`exec:${process.execPath} -e 'console.error("no GPU");process.exit(3)'`)
    expect([ended.code, ended.out]).toEqual([3, ''])
    expect(ended.err).toMatch(/BackendUnavailable: exec:.*the process ended with exit code 3: no GPU\n$/)
  })

  test('names an op that there is none of is a mistake in usage', async () => {
    const path = await file('ops.cjs', `require('node:readline').createInterface({ input: process.stdin }).on('line', () => console.log('{"id":0,"ok":true,"supports":{"reluu":["forward"]}}'))`) // prettier-ignore
    const { code, err } = await verified(`exec:${process.execPath} ${path}`)
    expect(code).toBe(2)
    expect(err).toMatch(/UnknownOp: exec:.*there is no op "reluu"/)
  })

  const etalonEval = `exec:${[process.execPath, ...command].join(' ')} eval`

  test('speaks the oracle’s protocol alone is held too: the oracle against itself', async () => {
    const { code, out } = await verified(etalonEval, { ops: ['relu', 'dense', 'sgd'] })
    expect(code).toBe(0)
    expect(out.match(/ conformant$/gm)?.length).toBe(5)
  })

  test('answers single questions runs whole networks, node by node', async () => {
    const { code, out } = await heard((rim) =>
      zooAt(rim, ['perceptron'], { samples: 16, seed: 1, device: 'auto', backend: etalonEval }),
    )
    expect(code).toBe(0)
    expect(out).toMatch(/1 of 1 conformant/)
  })
})
