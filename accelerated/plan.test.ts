import { either as E, function as F } from 'fp-ts'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { differentiate, gradientName } from '../spec/differentiate.js'
import type { EtalonError, Result } from '../spec/error.js'
import { lenet5 } from '../spec/networks/lenet5.js'
import type { CheckedProgram, Program, ProgramNode } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import type { Shape, Tensors } from '../spec/tensor.js'
import { scalar, sizeOf, zeros } from '../spec/tensor.js'
import { accumulatingProgram } from '../training/microBatch.js'
import type { Optimizer } from '../training/step.js'
import { trainingProgram, trainingStep } from '../training/step.js'
import type { PlanLimits } from './limits.js'
import type { Plan, Planning } from './plan.js'
import { allocate, dispatchSize, memoryOf, plan } from './plan.js'
import { audit, kernelOf, viewsOf } from './testing/audit.js'

const right = <A>(result: Result<A>): A => {
  if (E.isLeft(result)) throw new Error(`${result.left.code}: ${result.left.message}`)
  return result.right
}

/** The limits that WebGPU grants everywhere. */
const usual: PlanLimits = {
  maxBufferSize: 2 ** 28,
  maxStorageBufferBindingSize: 2 ** 27,
  maxStorageBuffersPerShaderStage: 8,
  maxComputeWorkgroupsPerDimension: 65535,
  minStorageBufferOffsetAlignment: 256,
  minUniformBufferOffsetAlignment: 256,
}

const tinyLimits: fc.Arbitrary<PlanLimits> = fc.record({
  maxBufferSize: fc.constantFrom(4096, 2 ** 16, 2 ** 28),
  maxStorageBufferBindingSize: fc.integer({ min: 256, max: 1024 }).map((steps) => 4 * steps),
  maxStorageBuffersPerShaderStage: fc.integer({ min: 4, max: 12 }),
  maxComputeWorkgroupsPerDimension: fc.integer({ min: 2, max: 6 }),
  minStorageBufferOffsetAlignment: fc.constantFrom(16, 64, 256),
  minUniformBufferOffsetAlignment: fc.constantFrom(64, 256),
})

const feedsOf = ({ inputs }: Program): Tensors =>
  Object.fromEntries(Object.entries(inputs).map(([name, shape]) => [name, { shape, data: zeros(shape).data }]))

const checked = (program: Program): CheckedProgram => right(checkProgram(program))

const planned = (program: Program, watch = program.outputs, limits = usual, planning: Planning = {}): Plan =>
  right(plan(checked(program), feedsOf(program), watch, limits, planning))

/**
 * What is wrong with the plans of a program, fused and plain, where it can be planned; a refusal has to say what was found and
 * wanted.
 */
const problems = (program: Program, watch: readonly string[], limits: PlanLimits): readonly string[] => {
  const of = checked(program)
  const feeds = feedsOf(program)
  return [false, true].flatMap((plain) =>
    F.pipe(
      plan(of, feeds, watch, limits, { plain }),
      E.match(
        ({ code, message }: EtalonError) =>
          code === 'LimitExceeded' && /\d.*(device|binding).*\d/.test(message) ? [] : [`${code}: ${message}`],
        (made) => audit(of, feeds, watch, made, limits, plain),
      ),
    ),
  )
}

const node = (
  name: string,
  op: ProgramNode['op'],
  inputs: ProgramNode['inputs'],
  outputs: ProgramNode['outputs'] = { y: name },
  attrs: ProgramNode['attrs'] = {},
): ProgramNode => ({ name, op, direction: 'forward', attrs, inputs, cotangents: {}, outputs })

const programOf = (
  inputs: Readonly<Record<string, Shape>>,
  nodes: readonly ProgramNode[],
  outputs: readonly string[],
  carry: Program['carry'] = {},
): Program => ({ inputs, nodes, outputs, carry })

// ---- random programs ---------------------------------------------------------------------------------------------

type Pick = { readonly op: ProgramNode['op']; readonly of: number; readonly with: number; readonly width: number }

const picks: fc.Arbitrary<readonly Pick[]> = fc.array(
  fc.record({
    op: fc.constantFrom<ProgramNode['op'][]>('relu', 'tanh', 'softmax', 'add', 'dense', 'dense', 'batchNormTraining'),
    of: fc.nat(),
    with: fc.nat(),
    width: fc.integer({ min: 1, max: 40 }),
  }),
  { minLength: 1, maxLength: 7 },
)

// a net over values [N,width] in which any value may be read again, so that gradients meet and are added
const netOf = (
  N: number,
  width: number,
  list: readonly Pick[],
): { program: Program; parameters: readonly string[] } => {
  const inputs: Record<string, Shape> = { x: [N, width] }
  const values: { name: string; width: number }[] = [{ name: 'x', width }]
  const parameters: string[] = []
  const parameter = (name: string, shape: Shape): string => {
    inputs[name] = shape
    parameters.push(name)
    return name
  }
  const nodes = list.map((pick, i): ProgramNode => {
    const from = values[pick.of % values.length]!
    const name = `layer/${i}`
    values.push({ name, width: pick.op === 'dense' ? pick.width : from.width })
    const [C, O] = [from.width, pick.width]
    if (pick.op === 'add') {
      const alike = values.slice(0, -1).filter((value) => value.width === C)
      return node(name, 'add', { a: from.name, b: alike[pick.with % alike.length]!.name })
    }
    if (pick.op === 'dense') {
      const bias = pick.with % 2 === 0 ? { b: parameter(`${name}.b`, [O]) } : {}
      return node(name, 'dense', { x: from.name, w: parameter(`${name}.w`, [O, C]), ...bias })
    }
    if (pick.op !== 'batchNormTraining') return node(name, pick.op, { x: from.name })
    inputs[`${name}.mean`] = [C]
    inputs[`${name}.var`] = [C]
    return node(
      name,
      'batchNormTraining',
      {
        x: from.name,
        gamma: parameter(`${name}.gamma`, [C]),
        beta: parameter(`${name}.beta`, [C]),
        runningMean: `${name}.mean`,
        runningVar: `${name}.var`,
      },
      { y: name, ...(pick.with % 2 === 0 ? { runningMean: `${name}.mean.next` } : {}) },
    )
  })
  const last = values.at(-1)!
  return {
    program: programOf(
      { ...inputs, target: [N, last.width] },
      [...nodes, node('loss', 'mse', { prediction: last.name, target: 'target' }, { loss: 'loss' })],
      ['loss'],
    ),
    parameters,
  }
}

// its training step: every parameter that the loss depends on gets a node of momentum, some without a next velocity
const stepOf = (N: number, width: number, list: readonly Pick[]): Program => {
  const { program, parameters } = netOf(N, width, list)
  const trained = parameters.filter((name) => E.isRight(differentiate(program, 'loss', [name])))
  if (trained.length === 0) return program
  const { program: both, gradients } = right(differentiate(program, 'loss', trained))
  return {
    ...both,
    inputs: {
      ...both.inputs,
      ...Object.fromEntries(trained.map((name) => [`${name}.velocity`, program.inputs[name] as Shape])),
    },
    nodes: [
      ...both.nodes,
      ...trained.map((name, i) =>
        node(
          `${name}.update`,
          'momentum',
          { w: name, g: gradients[name] as string, velocity: `${name}.velocity` },
          { w: `${name}.next`, ...(i % 2 === 0 ? { velocity: `${name}.velocity.next` } : {}) },
          { learningRate: 0.125 },
        ),
      ),
    ],
    carry: Object.fromEntries([
      ...program.nodes.flatMap(({ inputs, outputs }) =>
        outputs['runningMean'] === undefined
          ? []
          : [[inputs['runningMean'] as string, outputs['runningMean']] as const],
      ),
      ...trained.flatMap((name, i): readonly (readonly [string, string])[] => [
        [name, `${name}.next`],
        ...(i % 2 === 0 ? [[`${name}.velocity`, `${name}.velocity.next`] as const] : []),
      ]),
    ]),
  }
}

const everyValue = (program: Program): readonly string[] => Object.keys(checked(program).shapes)

const lenetStep = right(trainingStep(lenet5(2), { momentum: Math.fround(0.9), weightDecay: 0 }))

describe('plans', () => {
  test('the plan of a LeNet-5 training step keeps every promise, whatever is watched', () => {
    expect(problems(lenetStep, ['loss'], usual)).toEqual([])
    expect(problems(lenetStep, everyValue(lenetStep), usual)).toEqual([])
    expect(problems(lenetStep, [], usual)).toEqual([])
  })

  test('the plan of a LeNet-5 training step at batch 32 is within the usual limits and shares its buffers', () => {
    const step = right(trainingStep(lenet5(32), { momentum: Math.fround(0.9), weightDecay: 0 }))
    expect(problems(step, ['loss'], usual)).toEqual([])
    const { buffers } = planned(step)
    const bytes = buffers.reduce((n, buffer) => n + buffer.bytes, 0)
    const apart = Object.values(checked(step).shapes).reduce((n, shape) => n + 4 * sizeOf(shape), 0)
    expect(bytes).toBeLessThan(0.75 * apart)
  })

  test('random networks and their training steps have plans without a fault', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 1, max: 30 }), picks, fc.nat(), (N, C, list, n) => {
        const program = stepOf(N, C, list)
        const watch = everyValue(program).filter((_, i) => (i * 7 + n) % 5 === 0)
        expect(problems(program, watch, usual)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('under tiny limits a plan fits or is refused with what was found and what was wanted', () => {
    let fits = 0
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 70 }),
        fc.integer({ min: 1, max: 60 }),
        picks,
        tinyLimits,
        (N, C, list, of) => {
          const program = stepOf(N, C, list)
          expect(problems(program, ['loss'], of)).toEqual([])
          fits += E.isRight(plan(checked(program), feedsOf(program), ['loss'], of)) ? 1 : 0
        },
      ),
      { numRuns: 120 },
    )
    expect(fits).toBeGreaterThan(10)
  })

  test('under tiny limits a LeNet-5 training step fits or is refused as well', () => {
    fc.assert(
      fc.property(tinyLimits, fc.integer({ min: 20, max: 40 }), (limits, most) => {
        const of = { ...limits, maxComputeWorkgroupsPerDimension: most, maxBufferSize: 2 ** 20 }
        expect(problems(lenetStep, ['loss'], of)).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  test('two lives that meet never get one buffer, and a buffer is as large as all that it holds', () => {
    const life = fc.record({
      bytes: fc.integer({ min: 1, max: 64 }).map((n) => 4 * n),
      first: fc.integer({ min: -1, max: 20 }),
      length: fc.nat(8),
    })
    fc.assert(
      fc.property(fc.array(life, { maxLength: 25 }), (list) => {
        const lives = list.map(({ bytes, first, length }, i) => ({ key: `${i}`, bytes, first, last: first + length }))
        const { buffers, of } = allocate(lives)
        lives.forEach((a, i) => {
          expect(buffers[of[a.key]!]!.bytes).toBeGreaterThanOrEqual(a.bytes)
          lives.slice(i + 1).forEach((b) => {
            const meet = a.first <= b.last && b.first <= a.last
            if (meet) expect(of[a.key]).not.toBe(of[b.key])
          })
        })
      }),
    )
  })

  test('workgroups in three dimensions are enough and, where that is possible, within the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 7 }), (count, limit) => {
        const [x, y, z] = dispatchSize(count, limit)
        expect(x * y * z).toBeGreaterThanOrEqual(count)
        expect(Math.max(x, y)).toBeLessThanOrEqual(limit)
        if (count <= limit ** 3) expect(z).toBeLessThanOrEqual(limit)
      }),
    )
    expect(dispatchSize(65535 * 65535 + 1, 65535)).toEqual([65535, 65535, 2])
  })
})

describe('the plan of a LeNet-5 training step', () => {
  const stepBy = (op: Optimizer['op'], batch = 64): Program =>
    right(trainingProgram(lenet5(batch), { optimizer: { op }, loss: 'softmaxCrossEntropy' }))
  const optimizers = ['sgd', 'momentum', 'adagrad', 'rmsprop', 'adadelta', 'adam', 'adamw'] as const
  const onProcessor = { ...usual, subgroupSize: 8 }

  test('is 28 launches and no copy where plainly it is 48 and 20', () => {
    const [made, plain] = [
      planned(stepBy('momentum'), ['loss'], onProcessor),
      planned(stepBy('momentum'), ['loss'], onProcessor, { plain: true }),
    ]
    expect([made.launches.length, made.carries.length]).toEqual([28, 0])
    expect([plain.launches.length, plain.carries.length]).toEqual([48, 20])
    const ending = (by: string) => made.launches.map(kernelOf).filter((name) => name.endsWith(`+${by}`))
    expect(ending('relu.forward').map((name) => name.split('.')[0])).toEqual(['conv2d', 'conv2d', 'dense', 'dense'])
    expect(ending('relu.backward').map((name) => name.split('.')[0])).toEqual([
      'dense',
      'dense',
      'maxPool2d',
      'maxPool2d',
    ])
  })

  test.each(optimizers)('renews all by %s in one launch, in place, and counts steps in another', (op) => {
    const { launches, carries } = planned(stepBy(op), ['loss'], onProcessor)
    const updates = launches.filter(({ node }) => node.endsWith('.update'))
    expect(carries).toEqual([])
    expect(updates).toHaveLength(op.startsWith('adam') ? 2 : 1)
    updates.forEach(({ does }) => expect(new Set(does.map(({ node }) => node)).size).toBe(10))
    expect(problems(stepBy(op), ['loss'], onProcessor)).toEqual([])
  })

  test('takes as much memory as its buffers, and less than plainly', () => {
    const [made, plain] = [false, true].map((plain) =>
      memoryOf(planned(stepBy('momentum'), ['loss'], onProcessor, { plain }), 256),
    )
    // 61,706 parameters and their velocities, the padding between them, the batch, and what backward reads again
    expect(made).toBeGreaterThan(2 * 61706 * 4 + 64 * 28 * 28 * 4)
    expect(made).toBeLessThan(plain as number)
  })

  test('in parts takes less memory, fewer examples at a time less, and is sound', () => {
    const inParts = (sizes: readonly number[]): Program =>
      right(
        accumulatingProgram(
          sizes.map((size) => lenet5(size)),
          { optimizer: { op: 'momentum' }, loss: 'softmaxCrossEntropy' },
        ),
      )
    const memory = (program: Program): number => memoryOf(planned(program, ['loss'], onProcessor), 256)
    const [whole, halves, eighths] = [
      stepBy('momentum'),
      inParts([32, 32]),
      inParts(Array.from({ length: 8 }, () => 8)),
    ]
    expect(memory(halves)).toBeLessThan(0.7 * memory(whole))
    expect(memory(eighths)).toBeLessThan(0.7 * memory(halves))
    expect(problems(inParts([3, 3, 2]), ['loss'], onProcessor)).toEqual([])
  })

  test('more memory than the device has is refused, with both figures', () => {
    const takes = memoryOf(planned(stepBy('momentum'), ['loss'], onProcessor), 256)
    const onSmall = (memory: number): Result<Plan> =>
      plan(right(checkProgram(stepBy('momentum'))), feedsOf(stepBy('momentum')), ['loss'], { ...onProcessor, memory })
    expect(E.isRight(onSmall(takes))).toBe(true)
    expect(onSmall(takes - 1)).toEqual(
      E.left({
        code: 'LimitExceeded',
        message: `it takes ${takes} bytes of device memory; there are ${takes - 1}`,
      }),
    )
  })

  test('costs fusion only where something is watched', () => {
    const program = stepBy('momentum')
    expect(planned(program, ['loss', 'conv1'], onProcessor).launches).toHaveLength(28)
    expect(planned(program, everyValue(program), onProcessor).launches).toHaveLength(28)
    const updates = planned(program, everyValue(program), onProcessor).launches.at(-1)
    expect(updates?.does).toHaveLength(10)
    expect(problems(program, everyValue(program), onProcessor)).toEqual([])
  })

  test('updates in several launches what one binding does not hold', () => {
    const small = { ...onProcessor, maxStorageBufferBindingSize: 800 * 256 }
    const { launches, carries } = planned(stepBy('adam', 2), ['loss'], small)
    expect(carries).toEqual([])
    expect(launches.filter(({ node }) => node.endsWith('.update')).length).toBeGreaterThan(2)
    expect(problems(stepBy('adam', 2), ['loss'], small)).toEqual([])
  })
})

describe('a loss and its gradient', () => {
  const [N, C] = [20, 100]
  const attrs = { reduction: 'mean' }
  const read = { logits: 'logits', target: 'target' }
  const loss = node('loss', 'softmaxCrossEntropy', read, { loss: 'loss' }, attrs)
  const gradient = (change: Partial<ProgramNode> = {}): ProgramNode => ({
    ...loss,
    name: 'gradient',
    direction: 'backward',
    cotangents: { loss: 'd' },
    outputs: { logits: 'dlogits' },
    ...change,
  })
  const inputs = { logits: [N, C], target: [N, C], other: [N, C], d: [] }
  const of = (nodes: readonly ProgramNode[], carry: Program['carry'] = {}): Program =>
    programOf(inputs, nodes, ['loss', ...nodes.flatMap(({ outputs }) => Object.values(outputs))], carry)
  const names = (program: Program, limits = usual, watch = program.outputs): readonly string[] => {
    expect(problems(program, watch, limits)).toEqual([])
    return planned(program, watch, limits).launches.map((launch) =>
      kernelOf(launch).replace('softmaxCrossEntropy.', '').replace('.vectors', ''),
    )
  }

  test('are one launch, then the mean, whatever is watched', () => {
    const program = of([loss, gradient()])
    expect(names(program)).toEqual(['both', 'total'])
    expect(names(program, usual, [])).toEqual(['both', 'total'])
    expect(names(program, usual, everyValue(program))).toEqual(['both', 'total'])
    const each = { reduction: 'none' }
    const apart = programOf({ ...inputs, d: [N] }, [{ ...loss, attrs: each }, gradient({ attrs: each })], ['dlogits'])
    expect(names(apart)).toEqual(['both'])
  })

  test('are one launch where the cotangent is made before, and two where it is made after', () => {
    const cotangent = node('c', 'relu', { x: 'd' })
    const by = gradient({ cotangents: { loss: 'c' } })
    expect(names(of([cotangent, loss, by]))).toEqual(['relu.forward', 'both', 'total'])
    expect(names(of([loss, cotangent, by]))).toEqual(['forward', 'total', 'relu.forward', 'backward.kept'])
    const ofLoss = gradient({ cotangents: { loss: 'loss' } })
    expect(names(of([loss, ofLoss]))).toEqual(['forward', 'total', 'backward.kept'])
  })

  test('are two launches where the cotangent is a state that is renewed, for it may be renewed with others, later', () => {
    const renewed = node('next', 'relu', { x: 'd' })
    const by = gradient({ cotangents: { loss: 'next' } })
    expect(names(of([renewed, loss, by], { d: 'next' }))).toContain('backward.kept')
  })

  test('are two launches that leave nothing to each other where they are of other inputs or attributes', () => {
    const apart = ['forward', 'total', 'backward']
    expect(names(of([loss, gradient({ inputs: { logits: 'logits', target: 'other' } })]))).toEqual(apart)
    expect(names(of([loss, gradient({ attrs: { reduction: 'sum' } })]))).toEqual(apart)
  })

  test('are apart where there are two gradients of one loss, of which each reads what the loss has left', () => {
    const again = gradient({ name: 'again', outputs: { logits: 'again' } })
    expect(names(of([loss, gradient(), again]))).toEqual(['forward', 'total', 'backward.kept', 'backward.kept'])
  })

  test('are one launch in parts where bindings are small, and apart where a row is longer than one', () => {
    const smaller = (rows: number): PlanLimits => ({ ...usual, maxStorageBufferBindingSize: 1024 * rows })
    const inParts = names(of([loss, gradient()]), smaller(2))
    expect(inParts.slice(0, -1).every((name) => name === 'both')).toBe(true)
    expect(inParts.length).toBeGreaterThan(3)
    const long = { ...of([loss, gradient()]), inputs: { logits: [2, 300], target: [2, 300], other: [2, 300], d: [] } }
    expect(names(long, smaller(1))).not.toContain('both')
  })

  test('are apart where the driver refuses the kernel that makes both', () => {
    const refused = ['softmaxCrossEntropy.both', 'softmaxCrossEntropy.both.vectors']
    const limits = { ...usual, tuning: { choices: {}, refused } }
    expect(names(of([loss, gradient()]), limits)).toEqual(['forward', 'total', 'backward.kept'])
  })

  test('take a launch less in a training step', () => {
    const step = planned(lenetStep).launches.map(kernelOf)
    expect(step.filter((name) => name.startsWith('softmaxCrossEntropy'))).toEqual([
      'softmaxCrossEntropy.both',
      'softmaxCrossEntropy.total',
    ])
  })
})

describe('a pool that goes backward', () => {
  const shape: Shape = [2, 3, 12, 12]
  const names = (
    attrs: ProgramNode['attrs'],
    of: readonly string[],
    change: Partial<ProgramNode> = {},
    limits = usual,
  ) => {
    const pool = node('pool', 'maxPool2d', { x: 'x' }, { y: 'y' }, attrs)
    const back: ProgramNode = {
      ...pool,
      name: 'back',
      direction: 'backward',
      cotangents: { y: 'dy' },
      outputs: { x: 'dx' },
      ...change,
    }
    const { shapes } = checked(programOf({ x: shape, other: shape }, [pool], ['y']))
    const nodes = [pool, back].filter(({ name }) => of.includes(name))
    const outputs = nodes.flatMap(({ outputs }) => Object.values(outputs))
    const program = programOf({ x: shape, other: shape, dy: shapes['y'] as Shape }, nodes, outputs)
    expect(problems(program, outputs, limits)).toEqual([])
    expect(problems(program, everyValue(program), limits)).toEqual([])
    return planned(program, outputs, limits).launches.map((launch) => kernelOf(launch).replace('maxPool2d.', ''))
  }
  const tiling = { window: [2, 2], stride: [2, 2] }
  const meeting = { window: [3, 3], stride: [2, 2] }

  test('keeps what each window has chosen, where windows meet or are taken by pairs', () => {
    expect(names(meeting, ['pool', 'back'])).toEqual(['forward.choice.3x3', 'backward.few'])
    expect(names({ window: [4, 4], stride: [1, 1] }, ['pool', 'back'])).toEqual(['forward.choice', 'backward'])
    expect(names(tiling, ['pool', 'back'])).toEqual(['forward.choice.pairs', 'backward.kept.pairs'])
  })

  test('searches again where windows lie apart, and where all that are equal share', () => {
    const apart = { window: [3, 3], stride: [3, 3] }
    expect(names(apart, ['pool', 'back'])).toEqual(['forward.3x3', 'backward.disjoint.3x3'])
    expect(names({ ...meeting, ties: 'share' }, ['pool', 'back'])).toEqual(['forward.3x3', 'parts', 'backward.shared'])
  })

  test('keeps nothing that nobody reads: alone, or of another image or other attributes', () => {
    expect(names(tiling, ['pool'])).toEqual(['forward.pairs'])
    expect(names(meeting, ['back'])).toEqual(['choice.3x3', 'backward.few'])
    const apart = ['forward.3x3', 'choice.3x3', 'backward.few']
    expect(names(meeting, ['pool', 'back'], { inputs: { x: 'other' } })).toEqual(apart)
    expect(names(meeting, ['pool', 'back'], { attrs: { ...meeting, ties: 'last' } })).toEqual(apart)
  })

  test('keeps nothing where a plane of the image takes several bindings', () => {
    const small = { ...usual, maxStorageBufferBindingSize: 512 }
    expect(names(meeting, ['pool', 'back'], {}, small)).not.toContain('forward.choice.3x3')
    expect(names(meeting, ['pool', 'back'], {}, { ...usual, maxStorageBufferBindingSize: 1024 })).toContain(
      'forward.choice.3x3',
    )
  })
})

describe('the audit of a plan', () => {
  const sound = planned(lenetStep)
  const of = checked(lenetStep)
  const found = (faulty: Plan): number => audit(of, feedsOf(lenetStep), ['loss'], faulty, usual).length
  const withLaunch = (at: number, change: (launch: Plan['launches'][number]) => Plan['launches'][number]): Plan => ({
    ...sound,
    launches: sound.launches.map((launch, i) => (i === at ? change(launch) : launch)),
  })

  test('finds a launch that is left out, one that is out of turn, and a count that is short', () => {
    sound.launches.forEach((launch, at) => {
      expect(found({ ...sound, launches: sound.launches.filter((_, i) => i !== at) })).toBeGreaterThan(0)
      expect(found(withLaunch(at, () => ({ ...launch, workgroups: [1, 1, 0] })))).toBeGreaterThan(0)
      expect(found(withLaunch(at, () => ({ ...launch, dims: launch.dims.slice(1) })))).toBeGreaterThan(0)
    })
    expect(found({ ...sound, launches: [...sound.launches].reverse() })).toBeGreaterThan(0)
  })

  test('finds a binding that shows another buffer, reaches past its end, or lies off the alignment', () => {
    sound.launches.forEach(({ bindings }, at) => {
      bindings.forEach((binding, b) => {
        const instead = (change: Partial<typeof binding>): Plan =>
          withLaunch(at, (launch) => ({
            ...launch,
            bindings: launch.bindings.map((old, i) => (i === b ? { ...old, ...change } : old)),
          }))
        const other = sound.buffers.findIndex(({ bytes }, i) => i !== binding.buffer && bytes >= binding.size)
        expect(found(instead({ buffer: other }))).toBeGreaterThan(0)
        expect(found(instead({ offset: 4 }))).toBeGreaterThan(0)
        expect(found(instead({ size: (sound.buffers[binding.buffer]?.bytes ?? 0) + 4 }))).toBeGreaterThan(0)
        expect(found(instead({ writes: !binding.writes }))).toBeGreaterThan(0)
      })
    })
  })

  test('finds a value that is overwritten before it is read', () => {
    const shared: Plan = { ...sound, launches: sound.launches.map((launch) => ({ ...launch })) }
    const [first, second] = [shared.launches[0]!, shared.launches[1]!]
    const target = first.bindings.find(({ writes }) => writes)!.buffer
    const clobbered = { ...second, bindings: second.bindings.map((b) => (b.writes ? { ...b, buffer: target } : b)) }
    expect(found({ ...shared, launches: [first, clobbered, ...shared.launches.slice(2)] })).toBeGreaterThan(0)
  })
})

describe('what a plan keeps', () => {
  const chain = programOf(
    { x: [40] },
    ['a', 'b', 'c', 'd', 'e'].map((name, i, all) => node(name, 'relu', { x: all[i - 1] ?? 'x' })),
    ['e'],
  )

  test('a chain of five takes three buffers, and one more for each value that is watched', () => {
    const buffersOf = (watch: readonly string[]) => planned(chain, watch, usual, { plain: true }).buffers
    expect(buffersOf(['e'])).toHaveLength(3)
    expect(buffersOf(['a', 'b', 'e'])).toHaveLength(5)
    expect(buffersOf(everyValue(chain))).toHaveLength(6)
    expect(problems(chain, everyValue(chain), usual)).toEqual([])
  })

  test('an input may be watched, and a value twice', () => {
    const { reads, feeds } = planned(chain, ['x', 'c', 'c', 'x'])
    expect(Object.keys(reads)).toEqual(['x', 'c'])
    expect(reads['x']).toMatchObject({ ...feeds['x'], before: true })
  })

  test('a program of no nodes answers with its inputs and launches nothing', () => {
    const { launches, reads, feeds, buffers } = planned(programOf({ x: [3], unused: [4] }, [], ['x']))
    expect(launches).toEqual([])
    expect(buffers).toMatchObject([{ bytes: 12 }])
    expect(reads['x']).toMatchObject({ ...feeds['x'], before: true })
    expect(feeds).not.toHaveProperty('unused')
  })

  test('a feed that only an attribute takes its value from has no buffer', () => {
    expect(planned(lenetStep).feeds).not.toHaveProperty('learningRate')
  })

  test('a value that is not in the program cannot be watched, whatever its name', () => {
    ;['y', 'constructor', '__proto__'].forEach((name) => {
      const refused = plan(checked(chain), feedsOf(chain), [name], usual)
      expect(refused).toEqual(E.left({ code: 'MissingInput', message: `there is no value ${name} in the program` }))
    })
  })

  test('values and nodes may have any name: nothing of a node’s own is taken for a value', () => {
    const shape: Shape = [6]
    const rate = { learningRate: 0.125 }
    const names = ['(nothing)', 'nothing', 'update/out:velocity', 'out:velocity of a/b', 'value w']
    const program = programOf(
      { w: shape, g: shape, v: shape },
      [
        ...names.map((name, i) => node(`n${i}`, 'relu', { x: 'g' }, { y: name })),
        node('a/b', 'momentum', { w: 'w', g: 'g', velocity: 'v' }, { w: 'next' }, rate),
        node('update', 'momentum', { w: 'next', g: 'g', velocity: 'v' }, { w: 'after' }, rate),
        ...names.map((name, i) => node(`m${i}`, 'relu', { x: name }, { y: `again ${i}` })),
        node('dense', 'dense', { x: 'x', w: 'weights' }),
      ],
      ['after', 'dense', ...names.map((_, i) => `again ${i}`)],
    )
    const whole = { ...program, inputs: { ...program.inputs, x: [2, 3], weights: [4, 3] } }
    expect(problems(whole, whole.outputs, usual)).toEqual([])
  })
})

describe('what is carried', () => {
  const [w, v]: readonly [Shape, Shape] = [[5], [5]]
  const next = [node('next', 'relu', { x: 'w' })]

  test('a carried value that is no element-by-element renewal is copied to its input when all is done', () => {
    const program = programOf({ w }, [node('next', 'softmax', { x: 'w' })], [], { w: 'next' })
    const { carries, feeds } = planned(program)
    expect(carries).toHaveLength(1)
    expect(carries[0]).toMatchObject({ to: feeds['w'], bytes: 20 })
    expect(problems(program, ['next'], usual)).toEqual([])
  })

  test('one that is changes in its own place, and an input that is watched is read before it does', () => {
    const program = programOf({ w }, next, [], { w: 'next' })
    const { carries, feeds, reads, launches } = planned(program, ['w', 'next'])
    expect(carries).toEqual([])
    expect(reads).toMatchObject({ w: { ...feeds['w'], before: true }, next: { ...feeds['w'], before: false } })
    expect(launches[0]?.bindings).toHaveLength(1)
    expect(problems(program, ['w', 'next'], usual)).toEqual([])
  })

  test('an input whose old value is wanted after it is renewed does not change in its place', () => {
    const later = [...next, node('after', 'add', { a: 'w', b: 'next' })]
    const program = programOf({ w, v }, later, ['after'], { w: 'next' })
    expect(planned(program).carries).toHaveLength(1)
    expect(problems(program, ['after', 'w', 'next'], usual)).toEqual([])
    const lent = programOf({ w, v }, next, [], { w: 'next', v: 'w' })
    expect(planned(lent).carries.length).toBeGreaterThan(1)
    expect(problems(lent, ['next'], usual)).toEqual([])
  })

  test('inputs that change places go by a temporary buffer', () => {
    const program = programOf({ w, v }, [], ['w', 'v'], { w: 'v', v: 'w' })
    expect(planned(program).carries).toHaveLength(4)
    expect(problems(program, ['w', 'v'], usual)).toEqual([])
  })

  test('an input that takes another’s old value gets the old one, in whichever order they are carried', () => {
    expect(problems(programOf({ w, v }, next, [], { w: 'next', v: 'w' }), [], usual)).toEqual([])
    expect(problems(programOf({ w, v }, next, [], { v: 'w', w: 'next' }), [], usual)).toEqual([])
  })

  test('an input that stays as it is costs no copy', () => {
    expect(planned(programOf({ w, v }, [], [], { w: 'w', v: 'v' })).carries).toEqual([])
    expect(planned(programOf({ w, v }, [], [], { w: 'v', v: 'v' })).carries).toHaveLength(1)
  })
})

describe('limits', () => {
  const refusal = (program: Program, limits: Partial<PlanLimits>): EtalonError => {
    const made = plan(checked(program), feedsOf({ ...program, inputs: {} }), program.outputs, { ...usual, ...limits })
    if (E.isRight(made)) throw new Error('the plan fits')
    return made.left
  }
  const relu = (shape: Shape): Program => programOf({ x: shape }, [node('y', 'relu', { x: 'x' })], ['y'])

  test('a tensor larger than a buffer is refused by name, with its bytes and the limit', () => {
    expect(refusal(relu([1024, 65537]), {})).toEqual({
      code: 'LimitExceeded',
      message: `y of shape [1024,65537] takes 268439552 bytes; a buffer of this device holds at most 268435456 (maxBufferSize)`,
    })
  })

  test('a tensor of more elements than 2^31 is refused where the buffers would hold it', () => {
    const { code, message } = refusal(relu([2 ** 16, 2 ** 15]), { maxBufferSize: 2 ** 40 })
    expect(code).toBe('LimitExceeded')
    expect(message).toContain('2147483648 elements')
  })

  test('a tensor of 2^30 elements is planned, its indices below 2^31', () => {
    const large = { ...usual, maxBufferSize: 2 ** 33, maxStorageBufferBindingSize: 2 ** 32 - 256 }
    const { launches } = right(plan(checked(relu([2 ** 15, 2 ** 15])), {}, ['y'], large))
    expect(launches.length).toBeGreaterThan(1)
    launches.forEach(({ dims }) => expect(Math.max(...dims)).toBeLessThan(2 ** 31))
  })

  test('more workgroups than three dimensions hold are refused', () => {
    const { code, message } = refusal(relu([64 * 27 + 1]), { maxComputeWorkgroupsPerDimension: 3 })
    expect(code).toBe('LimitExceeded')
    expect(message).toContain('needs 28 workgroups; the device allows 3')
    expect(problems(relu([64 * 27 - 1]), ['y'], { ...usual, maxComputeWorkgroupsPerDimension: 3 })).toEqual([])
  })

  test('more bindings than a shader may have are refused, with their number', () => {
    const dense = programOf({ x: [2, 9], w: [9000, 9] }, [node('y', 'dense', { x: 'x', w: 'w' })], ['y'])
    const { code, message } = refusal(dense, { maxStorageBufferBindingSize: 4096 })
    expect(code).toBe('LimitExceeded')
    expect(message).toMatch(/^y: dense\.forward needs \d+ storage bindings of at most 4096 bytes .* allows 8/)
  })

  test('a binding smaller than an alignment is refused', () => {
    expect(refusal(relu([5]), { maxStorageBufferBindingSize: 128 }).message).toContain('128 bytes')
  })

  test('a launch whose one unit is longer than a binding falls into single units of several segments', () => {
    const program = programOf({ x: [20, 300] }, [node('y', 'softmax', { x: 'x' })], ['y'])
    const limits = { ...usual, maxStorageBufferBindingSize: 1024 }
    const { launches } = right(plan(checked(program), feedsOf(program), ['y'], limits))
    expect(problems(program, ['y'], limits)).toEqual([])
    const last = launches.filter((launch) => kernelOf(launch) === 'softmax.forward')
    expect(last).toHaveLength(20)
    last.forEach((launch) => expect(viewsOf(launch)['x']?.bindings.length).toBeGreaterThan(1))
  })

  test('what a device counts in tells the parts apart: bases, units and counts', () => {
    const program = programOf({ x: [50, 10] }, [node('y', 'relu', { x: 'x' })], ['y'])
    const limits = { ...usual, maxStorageBufferBindingSize: 1024 }
    const { launches } = right(plan(checked(program), feedsOf(program), ['y'], limits))
    expect(launches.map(({ dims: [count] }) => count)).toEqual([192, 192, 116])
    expect(launches.map((launch) => viewsOf(launch)['y']?.base)).toEqual([0, 0, 0])
    const uneven = programOf({ x: [50, 11], w: [3, 11] }, [node('y', 'dense', { x: 'x', w: 'w' })], ['y'])
    const made = right(plan(checked(uneven), feedsOf(uneven), ['y'], limits))
    expect(made.launches.some((launch) => (viewsOf(launch)['x']?.base ?? 0) > 0)).toBe(true)
    expect(problems(uneven, ['y'], limits)).toEqual([])
  })
})

test('a fed attribute reaches the uniform block of every launch that it is for', () => {
  const at = (rate: number): Plan =>
    right(plan(checked(lenetStep), { ...feedsOf(lenetStep), learningRate: scalar(rate) }, ['loss'], usual))
  const [slow, fast] = [at(0.125), at(0.5)]
  const differing = fast.launches.filter(({ params }, i) => params.join() !== slow.launches[i]!.params.join())
  expect(differing.map(({ does }) => does.length)).toEqual([10])
  differing.forEach(({ params }) => expect(params[0]).toBe(0.5))
  expect(fast.launches.map(({ shader }) => shader)).toEqual(slow.launches.map(({ shader }) => shader))
  expect(gradientName('loss') in fast.feeds).toBe(true)
})
