import { either as E, taskEither as TE } from 'fp-ts'
import { afterAll, beforeAll, describe, expect as assert, test } from 'vitest'
import { planLimits, webGpuBackend } from '../../accelerated/backend.js'
import type { AcquiredDevice } from '../../accelerated/device/index.js'
import { acquireDevice } from '../../accelerated/device/index.js'
import { plan } from '../../accelerated/plan.js'
import { embedded } from '../../accelerated/testing/recorded.js'
import { plainF32 } from '../../adapters/plainF32.js'
import { oracle } from '../../reference/index.js'
import type { Backend, Session } from '../../spec/backend.js'
import type { EtalonError } from '../../spec/error.js'
import { fail, getOrThrow } from '../../spec/error.js'
import type { Program, ProgramNode } from '../../spec/program.js'
import { checkProgram } from '../../spec/program.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { sameShape } from '../../spec/tensor.js'
import { printProgramFailure, printProgramLine } from '../probeReport.js'
import type { Profile } from '../cases.js'
import { conforms, overall } from '../overall.js'
import { plain } from '../text.js'
import { jsonProgramLine } from '../reportJson.js'
import { smallTable } from '../testing/toys.js'
import { verify } from '../verify.js'
import type { ProgramLine } from './probe.js'
import { probeProgram, probePrograms } from './probe.js'
import { scenarios } from './scenarios.js'
import { woven, wovenBack } from './scenarios/woven.js'

const probed = async (backend: Backend, profile: Profile = 'quick'): Promise<readonly ProgramLine[]> =>
  getOrThrow(await probePrograms(backend, oracle, { seed: 1, profile })())

/** What may go wrong between the nodes of a program; by default nothing does. */
interface Slips {
  /** the node that is run in place of one */
  readonly instead?: (node: ProgramNode, program: Program, feeds: Tensors) => ProgramNode
  /** the values after a node, given those before and what it wrote */
  readonly after?: (node: ProgramNode, before: Tensors, written: Tensors, watch: readonly string[]) => Tensors
  /** what is answered */
  readonly answer?: (watched: Tensors) => Tensors
}

const ran = async (
  program: Program,
  feeds: Tensors,
  watch: readonly string[],
  {
    instead = (node) => node,
    after = (_, before, written) => ({ ...before, ...written }),
    answer = (all) => all,
  }: Slips,
): Promise<Tensors> => {
  let values = feeds
  for (const node of program.nodes) {
    const read = instead(node, program, feeds)
    const names = [
      ...Object.values(read.inputs),
      ...Object.values(read.cotangents),
      ...Object.values(read.attrs).flatMap((attr) => (typeof attr === 'object' && 'feed' in attr ? [attr.feed] : [])),
    ]
    const given = Object.fromEntries(names.map((name) => [name, values[name] as Tensor]))
    const alone: Program = {
      inputs: Object.fromEntries(names.map((name) => [name, values[name]!.shape])),
      nodes: [read],
      outputs: Object.values(read.outputs),
      carry: {},
    }
    values = after(node, values, getOrThrow(await plainF32.run(alone, given)()), watch)
  }
  return answer(Object.fromEntries(watch.map((name) => [name, values[name] as Tensor])))
}

/** What may go wrong between the steps of a session. */
interface SessionSlips {
  /** the state after a step, given that before and all values of the step */
  readonly next?: (before: Tensors, program: Program, values: Tensors, watch: readonly string[]) => Tensors
  /** the state that a step starts from, of all so far */
  readonly from?: (states: readonly Tensors[]) => Tensors
  /** the state that another program sees, or that is brought back */
  readonly shown?: (states: readonly Tensors[]) => Tensors
  readonly feeds?: (feeds: Tensors, all: readonly Tensors[]) => Tensors
}

const carriedOver = (_: Tensors, { carry }: Program, values: Tensors): Tensors =>
  Object.fromEntries(Object.entries(carry).map(([name, value]) => [name, values[value] as Tensor]))
const newest = (states: readonly Tensors[]): Tensors => states.at(-1) as Tensors

const asFed = (feeds: Tensors): Tensors => feeds

const everything = ({ inputs, nodes }: Program): readonly string[] => [
  ...Object.keys(inputs),
  ...nodes.flatMap(({ outputs }) => Object.values(outputs)),
]

/** plain-f32, node by node, with a session of its own; and what may go wrong in it. */
const slipping = (slips: Slips, session: SessionSlips = {}): Backend => {
  const { next = carriedOver, from = newest, shown = newest, feeds: fedWith = asFed } = session
  return {
    ...plainF32,
    name: 'slipping',
    run: (program, feeds, watch = program.outputs) =>
      TE.tryCatch(
        () => ran(program, feeds, watch, slips),
        (error) => ({ code: 'ShapeMismatch', message: String(error) }) as const,
      ),
    open: (program, state) =>
      TE.right<EtalonError, Session>({
        ...((): Session => {
          const states = [state]
          const fed: Tensors[] = []
          return {
            step:
              (feeds, watch = program.outputs) =>
              async () => {
                fed.push(feeds)
                const given = { ...from(states), ...fedWith(feeds, fed) }
                const values = await ran(program, given, everything(program), { ...slips, answer: asFed })
                states.push(next(newest(states), program, values, watch))
                const { answer = asFed } = slips
                return E.right(answer(Object.fromEntries(watch.map((name) => [name, values[name] as Tensor]))))
              },
            run:
              (other, feeds, watch = other.outputs) =>
              async () => {
                const seen = Object.entries(shown(states)).filter(([name]) => name in other.inputs)
                return E.right(await ran(other, { ...Object.fromEntries(seen), ...feeds }, watch, slips))
              },
            state: () => Promise.resolve(E.right(shown(states))),
            close: () => Promise.resolve(),
          }
        })(),
      }),
  }
}

const firstLike = ({ op, direction }: ProgramNode, { nodes }: Program): ProgramNode =>
  nodes.find((node) => node.op === op && node.direction === direction) as ProgramNode

const frozen = (): ((feeds: Tensors, all: readonly Tensors[]) => Tensors) => (feeds, all) => ({
  ...feeds,
  ...Object.fromEntries(
    Object.entries(all[0] as Tensors).filter(([name, { shape }]) => shape.length === 0 && name in feeds),
  ),
})

const shared = (): Backend => {
  // the state of every session, by name
  const everywhere: Record<string, Tensor> = {}
  const own = slipping({})
  return {
    ...own,
    open: (program, state) => {
      Object.assign(everywhere, state)
      const given = own.open!(program, state)
      return TE.map((session: Session): Session => {
        const others = (): Tensors => Object.fromEntries(Object.keys(program.carry).map((n) => [n, everywhere[n]!]))
        return {
          ...session,
          step:
            (feeds, watch = program.outputs) =>
            async () => {
              const values = await ran(program, { ...others(), ...feeds }, everything(program), {})
              Object.assign(everywhere, carriedOver({}, program, values))
              return E.right(Object.fromEntries(watch.map((name) => [name, values[name]!])))
            },
          state: () => Promise.resolve(E.right(others())),
        }
      })(given)
    },
  }
}

const onlyWatched = ({ carry }: Program, before: Tensors, values: Tensors, watch: readonly string[]): Tensors =>
  Object.fromEntries(
    Object.entries(carry).map(([name, value]) => [
      name,
      (watch.includes(value) || watch.length > 0 ? values[value] : before[name]) as Tensor,
    ]),
  )

/** Faults: what is wrong, the programs that must show it, and what the message of the first must say. */
const planted: readonly (readonly [string, readonly string[], RegExp, () => Backend])[] = [
  [
    'state that is carried one step late',
    ['carry', 'exchange', 'adam', 'training', 'state shown', 'fed attributes'],
    /step 2: the state w is not what step 1 left in w\.next: w\[0,0\] is .*, must be /,
    () => slipping({}, { from: (states) => states[Math.max(0, states.length - 2)] as Tensors }),
  ],
  [
    'carries taken one after the other, so that one reads what another has renewed',
    ['carry', 'exchange'],
    /step \d/,
    () =>
      slipping(
        {},
        {
          next: (before, { carry }, values) =>
            Object.entries(carry).reduce<Tensors>(
              (state, [name, value]) => ({ ...state, [name]: (state[value] ?? values[value]) as Tensor }),
              before,
            ),
        },
      ),
  ],
  [
    'a product right behind a convolution that is added',
    ['behind convolutions', 'behind rows', 'around layers'],
    /node mul \d behind .*: .* is .*, must be |node joined/,
    () =>
      slipping({
        instead: (node, { nodes }) =>
          node.op === 'mul' &&
          nodes.some(
            ({ op, outputs }) =>
              op.startsWith('conv') && Object.values(outputs).some((name) => Object.values(node.inputs).includes(name)),
          )
            ? { ...node, op: 'add' }
            : node,
      }),
  ],
  [
    'a feed that is read from the start of the array that it is a part of',
    ['parts of arrays'],
    /run 1: node .* is .*, must be /,
    () => {
      const wholly = ({ shape, data }: Tensor): Tensor => ({
        shape,
        data: data instanceof Float32Array ? new Float32Array(data.buffer, 0, data.length) : data,
      })
      return {
        ...plainF32,
        run: (of, feeds, watch) =>
          plainF32.run(
            of,
            Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, wholly(feed)])),
            watch,
          ),
      }
    },
  ],
  [
    'a fed attribute that stays what it was at the first step',
    ['fed attributes', 'adam', 'training'],
    /step 2: node w\.next \(sgd forward\): w\.next\[.*\] is .*, must be /,
    () => slipping({}, { feeds: frozen() }),
  ],
  [
    'a gradient that is that of one reader only',
    ['fan-out', 'training'],
    /run 1: node d\..* \(add forward\): d\..*\[.*\] is .*, must be /,
    () =>
      slipping({
        after: (node, before, written) => ({
          ...before,
          ...(node.op === 'add' && node.name.startsWith('d.')
            ? { [node.outputs['y']!]: before[node.inputs['a']!]! }
            : written),
        }),
      }),
  ],
  [
    'a watched value that is another node’s',
    ['diamond', 'carry', 'watched'],
    /node .* is .*, must be |the state/,
    () =>
      slipping({
        answer: (watched) => {
          const [a, b] = Object.keys(watched)
          return a !== undefined && b !== undefined && sameShape(watched[a]!.shape, watched[b]!.shape)
            ? { ...watched, [a]: watched[b]!, [b]: watched[a]! }
            : watched
        },
      }),
  ],
  [
    'relu that writes over its input where that is not watched, and is read again',
    ['diamond', 'fan-out', 'lifetimes'],
    /run 2: node t \(dense forward\): t\[.*\] is .*, must be /,
    () =>
      slipping({
        after: (node, before, written, watch) => ({
          ...before,
          ...written,
          ...(node.op === 'relu' && node.direction === 'forward' && !watch.includes(node.inputs['x']!)
            ? { [node.inputs['x']!]: written[node.outputs['y']!]! }
            : {}),
        }),
      }),
  ],
  [
    'a state that is renewed before the node that reads it last',
    ['exchange'],
    /step 1: node before \(mul forward\): before\[/,
    () =>
      slipping({
        after: (node, before, written) => ({
          ...before,
          ...written,
          ...(node.name === 'next' ? { renewed: written['next']! } : {}),
        }),
      }),
  ],
  [
    'one pipeline for all nodes of an op, with the attributes of the first',
    ['attributes'],
    /run 1: node bottom \(conv2d forward\): bottom/,
    () => slipping({ instead: (node, program) => ({ ...node, attrs: firstLike(node, program).attrs }) }),
  ],
  [
    'the operands of the first node of an op for all of its shapes',
    ['operands', 'diamond', 'lifetimes'],
    /run 1: node ba \(dense forward\): ba\[|run 1: node again/,
    () => slipping({ instead: (node, program) => ({ ...node, inputs: firstSameShapes(node, program).inputs }) }),
  ],
  [
    'another program that sees the state as it was opened',
    ['state shown'],
    /another program on the state after step 1: node y \(mul forward\): y\[/,
    () => slipping({}, { shown: (states) => states[0] as Tensors }),
  ],
  [
    'a state that is brought back as it was a step before',
    ['carry', 'exchange', 'adam'],
    /the state after step \d+.*: the state .* is not what step \d+ left in .*: .* is .*, must be /,
    () => slipping({}, { shown: (states) => states[Math.max(0, states.length - 2)] as Tensors }),
  ],
  [
    'a step of which nothing is watched that leaves the state as it was',
    ['carry', 'exchange', 'state shown'],
    /step \d/,
    () => slipping({}, { next: (before, program, values, watch) => onlyWatched(program, before, values, watch) }),
  ],
  ['sessions that share their state by name', ['side by side'], /step 1 of .*: |step 2 of /, shared],
  [
    'a backward node that reads a later value than the one it is the reverse of',
    ['watched'],
    /run \d: node for/,
    () =>
      slipping({
        instead: (node) =>
          node.name === 'for both'
            ? { ...node, outputs: { w: 'dw2', x: 'dx2' }, inputs: { ...node.inputs, x: 'r' } }
            : node,
      }),
  ],
]

const firstSameShapes = (node: ProgramNode, program: Program): ProgramNode => {
  const { shapes } = getOrThrow(checkProgram(program))
  const key = ({ op, direction, inputs }: ProgramNode): string =>
    JSON.stringify([op, direction, Object.entries(inputs).map(([name, value]) => [name, shapes[value]])])
  return program.nodes.find((other) => key(other) === key(node)) as ProgramNode
}

describe('small programs on a right backend', () => {
  test('are conformant, with and without sessions of its own, whatever the seed', async () => {
    // all of them on one backend below
    for (const [backend, seed] of [
      [slipping({}), 1],
      [plainF32, 77],
    ] as const) {
      const lines = getOrThrow(await probePrograms(backend, oracle, { seed, profile: 'quick' })())
      assert(lines.filter(({ verdict, failed, refused }) => verdict !== 'conformant' || failed + refused > 0)).toEqual(
        [],
      )
    }
    for (const asked of [woven(77), wovenBack(77)])
      assert(getOrThrow(await probeProgram(plainF32, oracle, asked)()).verdict, asked.name).toBe('conformant')
  })

  test('are asked narrow in a quick run, and narrow and then wide in any other', async () => {
    const quick = scenarios(1, 'quick')
    // pairs of ops, and what is drawn, are for a longer run
    const longer = scenarios(1)
      .map(({ name }) => name)
      .filter((name) => !quick.some((one) => one.name === name))
    assert(longer.length).toBe(scenarios(1).length - quick.length)
    assert(longer).toEqual(assert.arrayContaining(['behind two', 'woven', 'mixed', 'losses both ways', 'looked at']))
    const shorter = scenarios(1)
      .filter(({ name }) => !longer.includes(name))
      .filter(({ name, acts }, at) => {
        const narrow = quick[at]!.acts
        assert(acts.slice(0, narrow.length), name).toEqual(narrow)
        return narrow.length < acts.length
      })
    // training is of one network, and rows are kept, and the way back is long, in one width
    assert(shorter.length).toBe(quick.length - 3)
    const lines = getOrThrow(await probePrograms(plainF32, oracle, { seed: 1, profile: 'quick' })())
    assert(lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
    assert(lines.map(({ cases }) => cases)).toEqual(
      quick.map(({ acts }) => acts.filter(({ what }) => what !== 'open').length),
    )
  })

  test('are conformant, and have every output judged, watched or not, but where what is carried rounds out of sight', async () => {
    for (const asked of scenarios(1)) {
      const line = getOrThrow(await probeProgram(plainF32, oracle, asked)())
      assert(line.verdict, asked.name).toBe('conformant')
      assert(line.cases, asked.name).toBe(asked.acts.filter(({ what }) => what !== 'open').length)
      // all that an answer shows and a node has written
      const shown = asked.acts.flatMap((act, at) => {
        if (act.what === 'open' || act.what === 'state') return []
        const opened = asked.acts
          .slice(0, at)
          .findLast((one) => one.what === 'open' && 'session' in act && one.session === act.session)
        const program = 'program' in act ? act.program : (opened as { readonly program: Program }).program
        const { shapes } = getOrThrow(checkProgram(program))
        return (act.watch ?? program.outputs)
          .filter((value) => !(value in program.inputs))
          .map((value) => shapes[value]!.reduce((n, extent) => n * extent, 1))
      })
      const all = shown.reduce((a, b) => a + b, 0)
      // what is carried rounds, and nobody sees all of what is made of it
      if (
        /^(mixed|carried through|read between|norms renewed|many rates|autoencoders|partly carried|as trained|counted together)/.test(
          asked.name,
        )
      )
        assert(line.of, asked.name).toBeGreaterThan(0.75 * all)
      else assert(line.of, asked.name).toBe(all)
    }
  })
})

describe('a backend that runs programs wrong', () => {
  test.each(planted)('%s: is found, and the message says where', async (_name, programs, message, open) => {
    const backend = open()
    const asked = scenarios(1).filter(({ name }) => programs.includes(name))
    const lines: ProgramLine[] = []
    for (const one of asked) lines.push(getOrThrow(await probeProgram(backend, oracle, one)()))
    const wrong = lines.filter(({ verdict }) => verdict === 'not-conformant')
    assert(wrong.map(({ program }) => program)).toEqual(assert.arrayContaining([...programs]))
    const messages = wrong.map(({ failure }) => `${failure!.at}: ${failure!.message}`)
    assert(
      messages.some((text) => message.test(text)),
      messages.join('\n'),
    ).toBe(true)
    const first = wrong[0]!
    const told = printProgramFailure(first, { fingerprint: { name: 'slipping' } })
    assert(told.replace(/\s+/g, ' ')).toContain(first.failure!.message.replace(/\s+/g, ' '))
  })

  test('the single ops of such a backend are right, and the report as a whole is not', async () => {
    const backend = slipping({ instead: (node, program) => ({ ...node, attrs: firstLike(node, program).attrs }) })
    const scope = { ops: ['conv2d', 'maxPool2d', 'concat'], profile: 'quick', runs: 0, seed: 1 } as const
    const ofOps = getOrThrow(await verify(backend, oracle, smallTable, scope)())
    assert(overall(ofOps)).toBe('conformant')
    const whole = { ...ofOps, programs: await probed(backend) }
    assert(whole.lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
    assert(conforms(whole)).toBe(false)
    assert(overall(whole)).toBe('not-conformant')
  })

  test('a fault is told with the program, the step, the node, and the listing of the program', async () => {
    const asked = scenarios(1).find(({ name }) => name === 'fed attributes')!
    const line = getOrThrow(await probeProgram(slipping({}, { feeds: frozen() }), oracle, asked)())
    assert(line).toMatchObject({ failed: 1, verdict: 'not-conformant', failure: { at: 'step 2', node: 'w.next' } })
    assert(printProgramLine(line, plain)).toMatch(/^fed attributes +\d+ .* not-conformant {2}step 2$/)
    const text = printProgramFailure(line, { fingerprint: { name: 'slipping' } })
    assert(text).toMatch(/^program fed attributes: [^]*?\n {4}step 2: node w\.next \(sgd forward\): w\.next\[/)
    assert(text).toContain(`    w: w.next = sgd(w: w, g: g) learningRate=fed rate weightDecay=fed decay\n`)
    assert(text).toContain('after a step w ← w.next, v ← v.next')
    const json = jsonProgramLine(line)
    assert(json).toMatchObject({ program: 'fed attributes', verdict: 'not-conformant', failure: { node: 'w.next' } })
    assert(JSON.stringify(json)).not.toContain('null')
  })

  test('one that throws has failed, in its own words', async () => {
    const throwing: Backend = {
      ...plainF32,
      run: (program, feeds, watch) => {
        if (program.nodes.length > 1) throw new Error('a list of one, please')
        return plainF32.run(program, feeds, watch)
      },
    }
    const [line] = await probed(throwing)
    assert(line).toMatchObject({ verdict: 'not-conformant', failure: { message: 'Thrown: a list of one, please' } })
  })
})

/** The programs that have such a node. */
const namesUsing = (uses: (node: ProgramNode) => boolean): readonly string[] =>
  scenarios(1, 'quick')
    .filter(({ acts }) => acts.some((act) => 'program' in act && act.program.nodes.some(uses)))
    .map(({ name }) => name)

describe('neither right nor wrong', () => {
  const refusing = (code: 'BackendUnavailable' | 'LimitExceeded' | 'DeviceLost'): Backend => ({
    ...plainF32,
    run: () => TE.fromEither(fail<never>(code, 'not here')),
  })

  test('a backend without programs of several nodes says so, and one without an op is asked the part without it', async () => {
    const lines = await probed(refusing('BackendUnavailable'))
    assert(lines.map(({ verdict, cases }) => [verdict, cases])).toEqual(lines.map(() => ['unsupported', 0]))
    const has = (op: string, direction: string): boolean => op !== 'adam' && direction === 'forward'
    const some = await probed({
      ...plainF32,
      supports: has,
      run: (program, ...rest) =>
        program.nodes.every(({ op, direction }) => has(op, direction))
          ? plainF32.run(program, ...rest)
          : TE.fromEither(fail<never>('ShapeMismatch', 'asked for what it has not')),
    })
    const unsupported = some.filter(({ verdict }) => verdict === 'unsupported').map(({ program }) => program)
    assert(namesUsing(({ op, direction }) => !has(op, direction))).toEqual(assert.arrayContaining(unsupported))
    assert(unsupported).toEqual(assert.arrayContaining(['adam', 'training', 'counted updates']))
    assert(some.filter(({ verdict }) => verdict === 'not-conformant')).toEqual([])
    // of what is forward in them some is asked
    assert(some.find(({ program }) => program === 'losses beside')).toMatchObject({
      verdict: 'conformant',
      unsupported: assert.stringMatching(/^it has no \w+ backward$/) as string,
    })
  })

  test('one that is said not to be there, where others are and all of its ops, is wrong', async () => {
    const missing: Backend = {
      ...plainF32,
      run: (program, ...rest) =>
        program.nodes.some(({ op }) => op === 'concat')
          ? TE.fromEither(fail<never>('BackendUnavailable', 'the driver refuses it'))
          : plainF32.run(program, ...rest),
    }
    const lines = await probed(missing)
    const wrong = lines.filter(({ failed }) => failed > 0)
    assert(wrong.map(({ program }) => program)).toEqual(namesUsing(({ op }) => op === 'concat'))
    assert(wrong.map(({ verdict }) => verdict)).toEqual(wrong.map(() => 'not-conformant'))
    assert(lines.find(({ failed }) => failed > 0)?.failure).toMatchObject({
      at: 'run 1',
      message: 'it says that it supports this, and answers BackendUnavailable: the driver refuses it',
    })
  })

  test('limits of the device are refusals, and a lost device is no verdict', async () => {
    const lines = await probed(refusing('LimitExceeded'))
    assert(lines.map(({ verdict, refused }) => [verdict, refused])).toEqual(
      lines.map(({ program }) => [program === '' ? '' : 'not-run', 1]),
    )
    assert(await probePrograms(refusing('DeviceLost'), oracle, { seed: 1 })()).toEqual(fail('DeviceLost', 'not here'))
  })

  test('a scope that leaves ops or a direction out asks no programs', async () => {
    const scope = { ops: ['relu'], profile: 'quick', runs: 0, seed: 1 } as const
    assert(getOrThrow(await verify(plainF32, oracle, smallTable, scope)()).programs).toBeUndefined()
  })
})

describe.runIf(embedded)('small programs on the accelerated backend', () => {
  let device: AcquiredDevice
  beforeAll(async () => {
    device = getOrThrow(await acquireDevice('software')())
  })
  afterAll(() => device.release())

  test('are conformant: those of a quick run, and of the others what comes first, as compiling the kernels of all takes minutes', async () => {
    const backend = webGpuBackend(device)
    const quick = scenarios(1, 'quick')
    const longer = scenarios(1)
      .filter(({ name }) => !quick.some((one) => one.name === name))
      .map((one) => ({ ...one, acts: one.acts.slice(0, Math.max(3, Math.floor(one.acts.length / 4))) }))
    const lines: ProgramLine[] = []
    for (const one of [...quick, ...longer]) lines.push(getOrThrow(await probeProgram(backend, oracle, one)()))
    assert(lines.filter(({ verdict }) => verdict !== 'conformant')).toEqual([])
  })

  test('are conformant where a binding holds 64 numbers and a dispatch few workgroups, so that what is long falls into parts', async () => {
    const small = { maxStorageBufferBindingSize: 256, maxComputeWorkgroupsPerDimension: 3 }
    const narrow = { ...device, limits: { ...device.limits, ...small } }
    const asked = scenarios(1).find(({ name }) => name === 'lifetimes')!
    const wide = asked.acts.findLast((act) => act.what === 'run')!
    const planned = plan(getOrThrow(checkProgram(wide.program)), wide.feeds, wide.program.outputs, planLimits(narrow))
    assert(getOrThrow(planned).launches.length).toBeGreaterThan(2 * wide.program.nodes.length)
    // pairs behind layers are many, and too small to fall into parts
    const lines: ProgramLine[] = []
    const quick = scenarios(1, 'quick')
    for (const one of [...quick, ...scenarios(1).filter(({ name }) => /^(woven|mixed)/.test(name))].map((each) => ({
      ...each,
      acts: each.acts.slice(0, 60),
    })))
      lines.push(getOrThrow(await probeProgram(webGpuBackend(narrow), oracle, one)()))
    assert(lines.filter(({ failed }) => failed > 0)).toEqual([])
    assert(lines.filter(({ verdict }) => verdict === 'conformant').length).toBeGreaterThan(8)
  })
})
