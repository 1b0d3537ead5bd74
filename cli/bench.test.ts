import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { either as E } from 'fp-ts'
import { afterAll, describe, expect, test } from 'vitest'
import { parseRecorded } from '../bench/line.js'
import type { Line } from '../bench/line.js'
import { workloadsNamed } from '../bench/workloads.js'
import { reference } from '../reference/index.js'
import { getOrThrow } from '../spec/error.js'
import { openBackend } from './backends.js'
import type { BenchOptions } from './bench.js'
import { benchAt } from './bench.js'
import { baselineAt, paired, started } from './benchBaseline.js'
import { benchPage } from './benchPage.js'
import { benchProtocol, serve } from './benchServe.js'
import { command } from './testing/bundled.js'
import { everyValue, lockstep } from '../conformance/lockstep.js'
import { oracle } from '../reference/index.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const folder = await mkdtemp(join(tmpdir(), 'etalon-bench-test-'))
afterAll(() => rm(folder, { recursive: true, force: true }))

const tiny = getOrThrow(workloadsNamed(['sweep-size/matmul/64']))

const usual: BenchOptions = {
  workload: tiny,
  against: [],
  rounds: 2,
  roundTime: 5,
  sampleTime: 0,
  device: 'auto',
  backend: 'plain-f32',
  tolerate: 5,
}

/** Runs with the process's clock, which no test looks at. */
const bench = async (options: Partial<BenchOptions>) => {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await benchAt(
    {
      open: openBackend,
      out: { write: (text) => out.push(text) },
      err: { write: (text) => err.push(text) },
      clock: () => performance.now(),
    },
    { ...usual, ...options },
  )
  return { code, out: out.join(''), err: err.join('') }
}

describe('etalon bench', () => {
  test('judges, times and writes a small product, on a backend without a device', async () => {
    const [json, html] = [join(folder, 'run.jsonl'), join(folder, 'run.html')]
    const { code, out } = await bench({ json, html })
    expect(code).toBe(0)
    expect(out).toMatch(/^\| sweep-size\/matmul\/64 +\| plain-f32 +\| +0\.\d+ \|/m)
    const { lines, summary } = getOrThrow(parseRecorded(await readFile(json, 'utf8')))
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatchObject({ workload: 'sweep-size/matmul/64', subject: 'plain-f32', outcome: 'timed' })
    expect(lines[0]?.medianMs).toBeGreaterThan(0)
    expect(summary).toMatchObject({ rounds: 2 })
    expect(await readFile(html, 'utf8')).toContain('<svg')
  })

  test('says of a library that cannot be timed why, in its row, and times the others', async () => {
    const { code, out, err } = await bench({
      workload: getOrThrow(workloadsNamed(['processor/matmul'])),
      against: ['onnxruntime-web', 'jax-js-wasm'],
      rounds: 1,
    })
    expect(code).toBe(0)
    expect(err).toContain('onnxruntime-web is held by value only')
    expect(out).toMatch(/processor\/matmul +\| onnxruntime-web .* refused: Unsupported/)
    expect(out).toMatch(/processor\/matmul +\| jax-js-wasm +\| +[\d.]+ \|/)
  })

  test('gives a wrong backend no time, and exits 1', async () => {
    const wrong = join(folder, 'wrong.mjs')
    await writeFile(
      wrong,
      `export default {
        name: 'wrong', fingerprint: {}, supports: () => true, close: async () => {},
        run: (program, feeds, [asked]) => async () => ({ _tag: 'Right', right: asked === undefined ? {}
          : asked === 'tock' ? { tock: { shape: [], data: [1] } }
          : { [asked]: { shape: [64, 64], data: new Float32Array(4096) } } }),
      }`,
    )
    const { code, out } = await bench({ backend: wrong })
    expect(code).toBe(1)
    expect(out).toMatch(/\| wrong +\| +[\d.e+]+ \| wrong: error ÷ bound/)
  })

  test('compares ratios with a record of the same adapter, and refuses one of another', async () => {
    const line = { ...(await ratioLine()), roundRatios: [9, 9.1, 8.9, 9.05, 8.95, 9.02, 8.98] }
    const record = async (adapter: string) => {
      const file = join(folder, `${adapter.slice(0, 4)}.jsonl`)
      const summary = { version: '0.0.9', adapter, rounds: 7 }
      await writeFile(file, `${JSON.stringify({ ...line, adapter })}\n${JSON.stringify({ summary })}\n`)
      return file
    }
    const elsewhere = await bench({ baseline: await record('another adapter') })
    expect(elsewhere.code).toBe(2)
    expect(elsewhere.err).toContain('was recorded on another adapter')
    const alone = await bench({ baseline: await record(line.adapter) })
    expect(alone.code).toBe(2)
    expect(alone.err).toContain('no ratio to a peer in common')
  })

  test('refuses a baseline that is none', async () => {
    const file = join(folder, 'odd.json')
    await writeFile(file, '{"rows":[]}')
    expect((await bench({ baseline: file })).err).toMatch(/odd\.json: line 1 is none of this version's bench --json/)
    expect((await bench({ baseline: join(folder, 'nowhere') })).err).toContain('no such file or folder')
    expect((await bench({ baseline: folder })).err).toContain('holds no etalon')
  })
})

const ratioLine = async (): Promise<Line> => {
  const file = join(folder, 'line.jsonl')
  await bench({ json: file })
  return getOrThrow(parseRecorded(await readFile(file, 'utf8'))).lines[0]!
}

describe('two versions in turn', () => {
  const checkout = { program: process.execPath, args: command }

  test('answer each other’s rounds, and are compared', async () => {
    const options = ['--backend', 'plain-f32', '--round-time', '5', '--sample-time', '0']
    const [ours, theirs] = [getOrThrow(await started(checkout, options)), getOrThrow(await started(checkout, options))]
    expect(ours.greeting).toMatchObject({ bench: 'etalon', protocol: benchProtocol })
    const pair = getOrThrow(await paired('sweep-size/matmul/64', 3, ours, theirs, () => undefined))
    expect(pair.ours.map((round) => round.length > 0)).toEqual([true, true, true])
    expect(pair.theirs).toHaveLength(3)
    const stranger = await ours.ask({ open: 'matmul/nothing' })
    expect(E.isLeft(stranger) && stranger.left.message).toContain('no workload is called')
    await ours.end()
    await theirs.end()
  })

  test('are refused where one of them speaks otherwise', async () => {
    const saying = (text: string) =>
      started({ program: process.execPath, args: ['-e', `console.log(${JSON.stringify(text)})`] }, [])
    const other = await saying('{"bench":"etalon","protocol":99,"version":"9.0.0","adapter":"x"}')
    expect(E.isLeft(other) && other.left.message).toContain('another version')
    const old = await started(
      { program: process.execPath, args: ['-e', `console.error("etalon: unknown option '--serve'"); process.exit(2)`] },
      [],
    )
    expect(E.isLeft(old) && old.left.message).toContain('cannot be asked for rounds')
    const gone = await started({ program: join(folder, 'none'), args: [] }, [])
    expect(E.isLeft(gone) && gone.left.code).toBe('BackendUnavailable')
  })

  test('a checkout is found by its folder', async () => {
    const found = getOrThrow(await baselineAt(root))
    expect(found.kind).toBe('version')
  })

  test('a bundle is found by its archive, by its folder and by the folder around it, and unpacked only for the run', async () => {
    const around = await mkdtemp(join(folder, 'bundle-'))
    const inside = join(around, 'etalon')
    await mkdir(join(inside, 'dist'), { recursive: true })
    await writeFile(join(inside, 'etalon'), '')
    await writeFile(join(inside, 'dist', 'main.js'), '')
    const archive = join(folder, 'bundle.tar')
    execFileSync('tar', ['-cf', archive, '-C', around, 'etalon'])
    const programAt = async (path: string) => {
      const found = getOrThrow(await baselineAt(path))
      if (found.kind !== 'version') throw new Error('no version')
      const { program } = found.command
      const there = existsSync(program)
      await found.remove()
      return { program, there, left: existsSync(program) }
    }
    const launcher = join(inside, 'etalon')
    expect(await programAt(inside)).toEqual({ program: launcher, there: true, left: true })
    expect(await programAt(around)).toEqual({ program: launcher, there: true, left: true })
    expect(await programAt(archive)).toMatchObject({ there: true, left: false })
  })
})

describe('a server of rounds', () => {
  test('answers what it cannot read, and what is not open', async () => {
    const said: string[] = []
    const lines = async function* () {
      yield 'nonsense'
      yield '{"round":true}'
      yield '{"open":"sweep-size/matmul/64"}'
      yield '{"close":true}'
    }
    const judge = {
      watch: everyValue,
      judge: (program: Parameters<typeof lockstep>[1], values: Parameters<typeof lockstep>[2]) =>
        E.map(() => 0)(lockstep(oracle, program, values)),
    }
    await serve(
      lines(),
      { write: (text) => said.push(text) },
      { bench: 'etalon', protocol: benchProtocol, version: '0', adapter: 'none' },
      { subject: 'reference', adapter: 'none', backend: E.right(reference), judge },
      { rounds: 1, roundMs: 1, sampleMs: 0, clock: () => performance.now() },
    )
    expect(said.map((text) => JSON.parse(text) as object)).toEqual([
      { bench: 'etalon', protocol: benchProtocol, version: '0', adapter: 'none' },
      { refused: 'wanted open, round or close' },
      { refused: 'no workload is open' },
      { opened: 'sweep-size/matmul/64', errorOverBound: 0 },
      { closed: true },
    ])
  })
})

describe('the page', () => {
  const line: Line = {
    workload: 'matmul/512',
    subject: 'webgpu',
    adapter: 'some',
    medianMs: 10,
    p10Ms: 9,
    p90Ms: 12,
    coldMs: 500,
    gflops: 26,
    gbps: 0.3,
    shareOfPeak: 0.5,
    ratioToBestPeer: 3,
    errorOverBound: 0.01,
    outcome: 'timed',
    reason: null,
    memoryBytes: 12.5e6,
    roundRatios: [3],
  }
  const curve = [1, 4, 16].flatMap((batch) =>
    ['webgpu', 'jax-js-webgpu'].map((subject) => ({
      ...line,
      subject,
      workload: `sweep-batch/lenet5-step/${batch}`,
      medianMs: batch * (subject === 'webgpu' ? 1 : 3),
    })),
  )
  const wrong: Line = {
    ...line,
    subject: '<b>',
    medianMs: null,
    outcome: 'wrong',
    reason: 'a < b',
    errorOverBound: 'Infinity',
  }

  test('has a chart of times, of speed against accuracy and of each curve, and every figure', () => {
    const page = benchPage(
      [line, ...curve, wrong],
      { version: '1', adapter: 'some' },
      { workloads: getOrThrow(workloadsNamed(['*'])) },
    )
    expect(page.match(/<svg/g)).toHaveLength(4)
    for (const text of [
      'Speed against accuracy',
      'Along batch',
      'Memory along batch',
      'MB of device memory',
      'prefers-color-scheme: dark',
      'a &lt; b',
      '&lt;b&gt;',
    ])
      expect(page).toContain(text)
    // it needs nothing else
    expect(page).not.toMatch(/<script|(src|href)="http/)
  })

  test('of nothing timed has no charts, and still its reasons', () => {
    const page = benchPage([wrong], {}, { workloads: [] })
    expect(page).not.toContain('<svg')
    expect(page).toContain('a &lt; b')
  })
})
