import { either as E } from 'fp-ts'
import { afterAll, beforeAll, describe, expect as assert, test } from 'vitest'
import { planLimits, webGpuBackend } from '../accelerated/backend.js'
import type { AcquiredDevice } from '../accelerated/device/index.js'
import { acquireDevice } from '../accelerated/device/index.js'
import type { Executor } from '../accelerated/executor.js'
import { makeExecutor } from '../accelerated/executor.js'
import type { Kernel } from '../accelerated/kernel.js'
import type { PlanLimits } from '../accelerated/limits.js'
import type { Plan, PlannedLaunch } from '../accelerated/plan.js'
import { plan } from '../accelerated/plan.js'
import { audit, kernelOf, viewsOf } from '../accelerated/testing/audit.js'
import { everyKernel } from '../accelerated/testing/kernels.js'
import { embedded } from '../accelerated/testing/recorded.js'
import { oracle } from '../reference/index.js'
import type { Backend } from '../spec/backend.js'
import { lanesThenTree } from '../spec/bound.js'
import type { Direction, OpName } from '../spec/catalogue.js'
import { questions } from '../spec/catalogue.js'
import type { Attributes } from '../spec/attributes.js'
import type { Result } from '../spec/error.js'
import type { CheckedProgram, Question } from '../spec/program.js'
import { answersOf, checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { showShape, sizeOf } from '../spec/tensor.js'
import type { Case } from './form.js'
import { realise } from './form.js'
import { expect, judge } from './judge.js'
import { form } from './questions.js'
import type { Cotangents } from './testing/afterForward.js'
import { answersApart, askedAfterForward } from './testing/afterForward.js'
import { blankQuestion, classCases } from './testing/classCases.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

const acquired = async (limits: Readonly<Record<string, number>> = {}): Promise<AcquiredDevice> =>
  right(await acquireDevice('software', { limits })())

/** The longest tensor of a program, in elements. */
const longest = ({ shapes }: CheckedProgram): number => Math.max(...Object.values(shapes).map(sizeOf))

/**
 * A case, and whether its op goes forward before and when cotangents are there, so that backward reads what that has left, or
 * both are made at once.
 */
interface Asked {
  readonly asked: Case
  readonly order: Cotangents | undefined
}

/** Ops that leave something to their reverse, and in what orders it is there. */
const leaveSomething: Readonly<Partial<Record<OpName, readonly Cotangents[]>>> = {
  batchNormTraining: ['before'],
  softmaxCrossEntropy: ['before', 'after'],
  maxPool2d: ['before'],
}

interface Formed {
  readonly checked: CheckedProgram
  readonly feeds: Tensors
}

const formed = (question: Question, order?: Cotangents): Formed => {
  const { program, feeds } = order === undefined ? oneNode(question) : askedAfterForward(question, order)
  return { checked: right(checkProgram(program)), feeds }
}

/** What a plan is made from: its numbers say nothing, so they are not drawn. */
const blank = ({ asked, order }: Asked): Formed => formed(blankQuestion(asked), order)

const keyOf = ({ name, per }: Pick<Kernel, 'name' | 'per'>): string => `${name} per ${per}`
const keyOfLaunch = (launch: PlannedLaunch): string =>
  keyOf({
    name: kernelOf(launch),
    per: launch.shader.includes('enable subgroups')
      ? 'subgroup'
      : launch.shader.includes('group(g, lane)')
        ? 'workgroup'
        : 'element',
  })

/** Whether all that is asked is a dense layer for which a GPU has a kernel of its own that is no tile alone. */
const forGpus = ({ nodes }: CheckedProgram): boolean =>
  nodes.every(
    ({ node, sizes }) =>
      node.op === 'dense' &&
      [few, halves, halvesBack].some(({ direction, form: { shapes } }) => {
        const [samples, terms] = shapes['x'] as Shape
        return node.direction === direction && sizes['N'] === samples && sizes['I'] === terms
      }),
  )

/**
 * The device as it is, and as one that does not say how large its subgroups are: where kernels differ, both are cut. As a GPU
 * where that has kernels that are no tiles.
 */
const kindsOf = ({ subgroupSize, ...others }: PlanLimits, of: CheckedProgram): readonly PlanLimits[] => [
  ...(subgroupSize === undefined ? [] : [{ ...others, subgroupSize }]),
  others,
  ...(forGpus(of) ? [{ ...others, isGpu: true }] : []),
]

/** The alignment of a binding, in elements: what is no longer cannot be cut. */
const step = 64

/** The kernels to which some case gives tensors long enough to be cut. */
const long = new Set<string>()

/** The kernels that a plan gives something to cut. */
const cuttable = ({ launches }: Plan): readonly string[] =>
  launches
    .filter((launch) => Object.values(viewsOf(launch)).some(({ elements }) => elements > 2 * step))
    .map(keyOfLaunch)

// beside the suite's cases: a batch that is longer than 64 and too narrow for tiles
const narrow: Case = {
  op: 'dense',
  direction: 'backward',
  seed: 'narrow',
  form: form('narrow', {}, { x: [130, 3], w: [5, 3], b: [5] }),
}

// and few samples of many terms, which a GPU adds up by lanes
const few: Case = {
  op: 'dense',
  direction: 'forward',
  seed: 'few',
  form: form('few', {}, { x: [3, 130], w: [5, 130], b: [5] }),
}

// and long sums of few tiles, which it makes in two parts
const halves: Case = {
  op: 'dense',
  direction: 'forward',
  seed: 'halves',
  form: form('halves', {}, { x: [33, 1025], w: [35, 1025], b: [35] }),
}
const halvesBack: Case = {
  op: 'dense',
  direction: 'backward',
  seed: 'halves back',
  form: form('halves back', {}, { x: [33, 35], w: [1025, 35] }),
}

// and pieces whose batch is the longest by far: what is added up over it
const deep: Case = {
  op: 'maxout',
  direction: 'backward',
  seed: 'deep',
  form: form('deep', {}, { x: [300, 7], w: [2, 3, 7], b: [2, 3] }),
}

// and a filter's gradient in two parts that are long beside what they are made of
const parts: Case = {
  op: 'conv2d',
  direction: 'backward',
  seed: 'parts',
  form: form('parts', {}, { x: [4, 4, 20, 20], w: [8, 4, 5, 5], b: [8] }),
}

// windows of nine that do not overlap, others that do, and ties that are shared over few samples
const apart: Case = {
  op: 'maxPool2d',
  direction: 'backward',
  seed: 'apart',
  form: form('apart', { window: [3, 3], stride: [3, 3] }, { x: [2, 3, 9, 12] }),
}
const meeting: Case = {
  op: 'maxPool2d',
  direction: 'backward',
  seed: 'meeting',
  form: form('meeting', { window: [2, 3], stride: [1, 2] }, { x: [2, 3, 9, 12] }),
}
const shared: Case = {
  op: 'maxout',
  direction: 'backward',
  seed: 'shared',
  form: form('shared', { ties: 'share' }, { x: [5, 3], w: [4, 9, 3], b: [4, 9] }),
}

// a software driver takes long to compile tiles that are cut: convolutions bring each kernel something once
// pieces of maxout are chosen by kernels of several kinds, of which a case has some
const timesOf = (op: OpName): number => (op.startsWith('conv') ? 1 : op === 'maxout' ? 12 : 2)

/** The shortest cases of an op and direction that bring each of its kernels something to cut, most of them twice over. */
const casesOf = (op: OpName, direction: Direction, device: PlanLimits): readonly Asked[] => {
  const times = new Map<string, number>()
  const drawn = classCases(op, direction, [7, 8, 9, 10, 11, 12])
  const beside = [narrow, few, halves, halvesBack, deep, parts, apart, meeting, shared].filter(
    (asked) => asked.op === op && asked.direction === direction,
  )
  const sizeOfCase = ({ form: { shapes } }: Case): number => Math.max(...Object.values(shapes).map(sizeOf))
  const fit = drawn
    .map((asked) => ({ asked, size: sizeOfCase(asked) }))
    .filter(({ size }) => size > 2 * step && size <= 70000)
    .sort((a, b) => a.size - b.size)
  return [...beside, ...fit.map(({ asked }) => asked)].flatMap((asked) => {
    const orders = [undefined, ...(direction === 'backward' ? (leaveSomething[op] ?? []) : [])]
    return orders.flatMap((order) => {
      const { checked, feeds } = blank({ asked, order })
      const plans = kindsOf(device, checked).map((kind) =>
        right(plan(checked, feeds, checked.program.outputs, kind, { plain: order === undefined })),
      )
      const keys = [...new Set(plans.flatMap(cuttable))]
      keys.forEach((key) => long.add(key))
      const wanted = keys.some((key) => (times.get(key) ?? 0) < timesOf(op))
      if (wanted) keys.forEach((key) => times.set(key, (times.get(key) ?? 0) + 1))
      return wanted ? [{ asked, order }] : []
    })
  })
}

// 256 bytes, doubled until they hold so many: the length of a segment stands in a shader's text, so that cases whose bindings
// are as long share what is compiled
const doubled = (bytes: number): number => (bytes <= 256 ? 256 : 2 * doubled(bytes / 2))

// bindings of about a third and a sixth of the longest tensor; few workgroups along a dimension. From eight bindings on a
// software driver takes minutes to compile a shader of tiles
const smallLimits = (device: PlanLimits, of: CheckedProgram): readonly PlanLimits[] =>
  [...new Set([1, 3, 6].map((pieces) => doubled((longest(of) * 4) / pieces)))].flatMap(
    (maxStorageBufferBindingSize, i) =>
      kindsOf(device, of).map((kind) => ({
        ...kind,
        maxStorageBufferBindingSize,
        maxComputeWorkgroupsPerDimension: Math.max([2, 5, 3][i]!, Math.ceil(Math.cbrt(longest(of) / 64))),
      })),
  )

/** The ways in which a launch was made other than whole. */
type Way = 'parts' | 'unaligned base' | 'read in segments' | 'written in segments' | 'workgroups over y' | 'over z'

/** What this file has seen of each kernel. */
const seen = new Map<string, Set<Way>>()

/** The same of the tensors of each kernel, in two segments or in more, and of what each question leaves to its parts. */
const known = new Set<string>()

/**
 * Whether a plan cuts a kernel, or a tensor of it, as none before it did. What it brings is known then. Where parts begin is
 * for each op to say, so it is looked at for each; segments and rows of workgroups are a kernel's own.
 */
const bringsNews = (question: string, { launches }: Plan): boolean => {
  const before = known.size
  launches.forEach((launch, at) => {
    const key = keyOfLaunch(launch)
    const views = viewsOf(launch)
    const some = Object.values(views)
    const many = (writes: boolean): boolean =>
      some.some(({ bindings }) => bindings.length > 1 && bindings[0]?.writes === writes)
    const twin = launches.some((other, i) => i !== at && kernelOf(other) === kernelOf(launch))
    const is: Readonly<Record<Way, boolean>> = {
      parts: twin && launch.shader.includes('base_'),
      'unaligned base': some.some(({ base }) => base > 0),
      'read in segments': many(false),
      'written in segments': many(true),
      'workgroups over y': launch.workgroups[1] > 1,
      'over z': launch.workgroups[2] > 1,
    }
    const taken = (Object.keys(is) as Way[]).filter((way) => is[way])
    seen.set(key, new Set([...(seen.get(key) ?? []), ...taken]))
    taken.forEach((way) => known.add(`${key}: ${way}`))
    known.add(`${question}: ${key}`)
    Object.entries(views).forEach(([name, { bindings, base }]) => {
      if (bindings.length > 1) known.add(`${key}: ${name} in ${bindings.length === 2 ? 'two' : 'more'}`)
      if (base > 0) known.add(`${question}: ${key}: ${name} from a base`)
    })
  })
  return known.size > before
}

describe.runIf(embedded)('work cut to fit small limits', () => {
  let device: AcquiredDevice
  let executor: Executor
  beforeAll(async () => {
    device = await acquired()
    executor = makeExecutor(device)
  })
  afterAll(() => device.release())

  /** The plans of a case under small limits, of those it fits, that cut something as none before them. */
  const newPlansOf = (asked: Asked): readonly Plan[] => {
    const { checked, feeds } = blank(asked)
    const { outputs } = checked.program
    return smallLimits(planLimits(device), checked).flatMap((limits) => {
      const planned = plan(checked, feeds, outputs, limits, { plain: asked.order === undefined })
      if (E.isLeft(planned)) {
        assert(planned.left.code).toBe('LimitExceeded')
        return []
      }
      assert(audit(checked, feeds, outputs, planned.right, limits)).toEqual([])
      return bringsNews(`${asked.asked.op} ${asked.asked.direction}`, planned.right) ? [planned.right] : []
    })
  }

  /** The worst error ÷ bound of a question's answers by each of these plans. */
  const worstOf = async (
    question: Question,
    order: Cotangents | undefined,
    plans: readonly Plan[],
  ): Promise<readonly number[]> => {
    const { feeds } = formed(question, order)
    const wanted = right(expect(oracle, question, lanesThenTree))
    const before = order === undefined ? undefined : answersApart(question, {}).forward.question
    const wantedBefore = before === undefined ? undefined : right(expect(oracle, before, lanesThenTree))
    const worst: number[] = []
    for (const planned of plans) {
      const prepared = right(await executor.prepare(planned))
      const answers = answersOf(right(await executor.execute(prepared, feeds)))
      executor.discard(prepared)
      const { forward, backward } = answersApart(question, answers)
      const judged = [
        judge({ oracle, question, expected: wanted, answer: order === undefined ? answers : backward }),
        ...(wantedBefore === undefined
          ? []
          : [judge({ oracle, ...forward, expected: wantedBefore, answer: forward.answers })]),
      ]
      judged.forEach(({ worst: at, problem }) => {
        assert(problem).toBeUndefined()
        worst.push(at.ratio)
      })
    }
    return worst
  }

  test.each(questions.map(({ op, direction }) => [op, direction] as const))(
    '%s %s: gives answers within the bound however it is cut',
    async (op, direction) => {
      const cases = casesOf(op, direction, planLimits(device))
      assert(cases.length).toBeGreaterThan(1)
      let asked = 0
      for (const one of cases) {
        const plans = newPlansOf(one)
        if (plans.length === 0) continue
        const question = right(realise(one.asked))
        const ratios = await worstOf(question, one.order, plans)
        asked += plans.length
        const shapes = Object.entries(question.inputs).map(([name, { shape }]) => `${name} ${showShape(shape)}`)
        assert(Math.max(0, ...ratios), shapes.join(' ')).toBeLessThanOrEqual(1)
      }
      assert(asked).toBeGreaterThan(1)
    },
  )

  test('the cases above have cut every kernel that has tensors long enough in any case', () => {
    // for tiles of a subgroup's and of a workgroup's, and for what is taken by vectors and pairs, another launch stands in where
    // a tensor takes several bindings: they may be cut nowhere
    const standsIn = /(per subgroup|\.(vectors|pairs|shared) per \w+)$/
    const uncut = [...long].filter((key) => (seen.get(key)?.size ?? 0) === 0)
    assert(uncut.filter((key) => !standsIn.test(key))).toEqual([])
    // what remains are sums of at most 64 terms to one number, and Adam's one number of steps
    const short = everyKernel
      .filter(({ per }) => per !== 'subgroup')
      .map(keyOf)
      // or stand in where tensors are cut, and are then met above
      .filter((key) => !long.has(key) && (seen.get(key)?.size ?? 0) === 0 && !standsIn.test(key))
    assert(short.filter((key) => !/^(\w+\.(forward|total)|adam\.step) per element$/.test(key))).toEqual([])
  })

  test('each way of cutting has been taken by many kernels', () => {
    const takers = (way: Way): number => [...seen.values()].filter((ways) => ways.has(way)).length
    assert(takers('parts')).toBeGreaterThan(30)
    assert(takers('unaligned base')).toBeGreaterThan(30)
    assert(takers('read in segments')).toBeGreaterThan(30)
    assert(takers('written in segments')).toBeGreaterThan(10)
    assert(takers('workgroups over y')).toBeGreaterThan(30)
    assert(takers('over z')).toBeGreaterThan(5)
  })
})

describe.runIf(embedded)('tensors of more than the 128 MiB that one binding shows on any WebGPU device', () => {
  const binding = 134217728
  let device: AcquiredDevice
  let backend: Backend
  beforeAll(async () => {
    device = await acquired({ maxStorageBufferBindingSize: binding })
    backend = webGpuBackend(device)
  })
  afterAll(() => backend.close())

  const filled = (shape: Shape, f: (index: number) => number): Tensor => {
    const data = new Float32Array(sizeOf(shape))
    for (let i = 0; i < data.length; i++) data[i] = f(i)
    return { shape, data }
  }

  /** The answers to a question that takes several bindings for a tensor, and how its plan came to be cut. */
  const answers = async (
    op: OpName,
    direction: Direction,
    attrs: Attributes,
    inputs: Tensors,
    cotangents: Tensors = {},
  ): Promise<{ readonly values: Tensors; readonly plan: Plan }> => {
    const question: Question = { op, direction, attrs, inputs, cotangents }
    const { checked, feeds } = formed(question)
    assert(4 * longest(checked)).toBeGreaterThan(binding)
    const { outputs } = checked.program
    const limits = planLimits(device)
    assert(limits.maxStorageBufferBindingSize).toBe(binding)
    const planned = right(plan(checked, feeds, outputs, limits))
    assert(audit(checked, feeds, outputs, planned, limits)).toEqual([])
    return { values: answersOf(right(await backend.run(checked.program, feeds)())), plan: planned }
  }

  /** The first index at which the tensor is not f of it, looking at every `stride`th; −1 if there is none. */
  const differs = ({ data }: Tensor, f: (index: number) => number, stride = 1): number => {
    for (let i = 0; i < data.length; i += stride) if (data[i] !== f(i)) return i
    return data[data.length - 1] === f(data.length - 1) ? -1 : data.length - 1
  }

  test('relu of 33.6 million elements falls into two parts, and every element is right', async () => {
    const at = (i: number): number => (i % 1009) - 500
    const { values, plan } = await answers('relu', 'forward', {}, { x: filled([2 ** 25 + 1001], at) })
    assert(plan.launches).toHaveLength(2)
    assert(differs(values['y']!, (i) => Math.max(at(i), 0))).toBe(-1)
  })

  test('dense with 33.6 million weights reads them, and writes their gradients, in two segments', async () => {
    const [I, O] = [64, 2 ** 19 + 3]
    const [xOf, wOf, dyOf] = [(i: number) => (i % 3) - 1, (k: number) => (k % 7) - 3, (o: number) => (o % 5) - 2]
    const [x, w, dy] = [filled([1, I], xOf), filled([O, I], wOf), filled([1, O], dyOf)]
    const forward = await answers('dense', 'forward', {}, { x, w })
    assert(viewsOf(forward.plan.launches[0]!)['w']?.bindings).toHaveLength(2)
    const y = (o: number): number =>
      Array.from({ length: I }, (_, i) => xOf(i) * wOf(o * I + i)).reduce((a, b) => a + b, 0)
    assert(differs(forward.values['y']!, y, 97)).toBe(-1)
    const backward = await answers('dense', 'backward', {}, { x, w }, { y: dy })
    assert(backward.plan.launches.some((launch) => viewsOf(launch)['dw']?.bindings.length === 2)).toBe(true)
    assert(differs(backward.values['w']!, (k) => xOf(k % I) * dyOf(Math.floor(k / I)))).toBe(-1)
  })

  test('conv2d reads one image of 33.6 million pixels in two segments, and a batch of them part by part', async () => {
    const [W, step] = [4096, 8]
    const at = (i: number): number => (i % 11) - 5
    const w = filled([1, 1, 1, 2], (i) => [3, -2][i]!)
    for (const [N, H] of [
      [1, 8193],
      [9, 911],
    ] as const) {
      const shape = [N, 1, H, W]
      const { values, plan } = await answers('conv2d', 'forward', { stride: [step, step] }, { x: filled(shape, at), w })
      const [, , Ho, Wo] = values['y']!.shape as readonly [number, number, number, number]
      const pixel = (i: number): number => {
        const [n, row, col] = [Math.floor(i / (Ho * Wo)), Math.floor(i / Wo) % Ho, i % Wo]
        return (n * H + row * step) * W + col * step
      }
      assert(differs(values['y']!, (i) => 3 * at(pixel(i)) - 2 * at(pixel(i) + 1))).toBe(-1)
      assert(plan.launches).toHaveLength(N === 1 ? 1 : 2)
    }
  })
})
