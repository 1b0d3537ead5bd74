import { either as E, function as F } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import { opOf } from '../spec/catalogue.js'
import type { Direction } from '../spec/catalogue.js'
import type { EtalonError, Result } from '../spec/error.js'
import { resolve } from '../spec/op.js'
import type { CheckedProgram } from '../spec/program.js'
import { checkProgram, oneNode } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import { planLimits } from './backend.js'
import type { AcquiredDevice } from './device/index.js'
import type { Executor, Prepared } from './executor.js'
import { makeExecutor } from './executor.js'
import { kernelNameOf } from './kernel.js'
import type { PlanLimits } from './limits.js'
import type { Plan } from './plan.js'
import { plan } from './plan.js'
import type { Tuning, Way } from './tuning.js'
import { shapeClassOf, suggested, untuned, ways, winner } from './tuning.js'

/**
 * Measures on a device in which way products of each class are made fastest. The kernels that compete are those that plans
 * choose from; which one wins hangs on the processor or GPU, its driver, and the shape.
 */

interface Probe {
  readonly op: 'dense' | 'conv2d'
  readonly direction: Direction
  readonly attrs: Readonly<Record<string, unknown>>
  readonly shapes: Readonly<Record<string, Shape>>
}

const dense = (N: number, I: number, O: number): Omit<Probe, 'direction'> => ({
  op: 'dense',
  attrs: {},
  shapes: { x: [N, I], w: [O, I], b: [O] },
})

const conv = (N: number, C: number, size: number, O: number, K: number): Omit<Probe, 'direction'> => {
  const side = (K - 1) / 2
  return {
    op: 'conv2d',
    attrs: { padding: [side, side, side, side] },
    shapes: { x: [N, C, size, size], w: [O, C, K, K], b: [O] },
  }
}

/** Layers as networks have them: LeNet-5's, a residual network's, a transformer's, and batches of one. */
const layers: readonly Omit<Probe, 'direction'>[] = [
  dense(64, 400, 120),
  dense(64, 84, 10),
  dense(1, 1024, 1024),
  dense(16, 512, 512),
  dense(256, 256, 256),
  conv(16, 1, 28, 6, 5),
  conv(16, 6, 14, 16, 5),
  conv(4, 16, 32, 16, 3),
  conv(4, 32, 28, 64, 3),
  conv(1, 64, 14, 128, 3),
  conv(2, 128, 14, 32, 1),
]

const probes: readonly Probe[] = layers.flatMap((layer) =>
  (['forward', 'backward'] as const).map((direction) => ({ ...layer, direction })),
)

const titleOf = ({ op, shapes: { x = [], w = [] } }: Probe): string => `${op} ${x.join('×')} by ${w.join('×')}`

/** A class of products, how long they took in each way, in milliseconds, and the way that plans are to take. */
export interface Measured {
  readonly shapeClass: string
  /** the layers that stood for it */
  readonly layers: readonly string[]
  readonly ms: Readonly<Record<Way, number>>
  readonly way: Way
}

const wave = (shape: Shape, seed: number): Tensor => generate(shape, (i) => Math.fround(Math.sin(i * 0.7 + seed)))

/** A probe as a program of one node, and what it is fed. */
const asked = ({
  op,
  direction,
  attrs,
  shapes,
}: Probe): Result<{ readonly checked: CheckedProgram; readonly feeds: Tensors }> =>
  F.pipe(
    opOf(op).attrs.decode(attrs),
    E.bindTo('attrs'),
    E.bind('resolved', ({ attrs }) => resolve(opOf(op), attrs, shapes)),
    E.let('one', ({ attrs, resolved: { outputs } }) =>
      oneNode({
        op,
        direction,
        attrs,
        inputs: Object.fromEntries(Object.entries(shapes).map(([name, shape], i) => [name, wave(shape, i)])),
        cotangents: direction === 'forward' ? {} : { y: wave(outputs['y'] as Shape, 3) },
      }),
    ),
    E.bind('checked', ({ one }) => checkProgram(one.program)),
    E.map(({ one: { feeds }, checked }) => ({ checked, feeds })),
  )

const limitsFor = (limits: PlanLimits, checked: CheckedProgram, way: Way): PlanLimits => {
  const shapeClass = checked.nodes.map(shapeClassOf)[0] ?? ''
  return { ...limits, tuning: { ...untuned, choices: { [shapeClass]: way } } }
}

const kernelsOf = ({ launches }: Plan): string => launches.map(({ shader }) => kernelNameOf(shader)).join(' ')

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number

// runs of a sample together take at least so long, in milliseconds, so that the clock and the wait for the device count little
const sampleMs = 20
const rounds = 5
const runsFor = (ms: number): number => Math.max(1, Math.min(200, Math.ceil(sampleMs / Math.max(ms, 0.05))))

const perWay = (f: (way: Way, at: number) => number): Readonly<Record<Way, number>> =>
  Object.fromEntries(ways.map((way, at) => [way, f(way, at)])) as Record<Way, number>

/** Milliseconds of a run of each way, in turns; undefined where all come to the same kernels. */
const raced = async (
  { device }: AcquiredDevice,
  executor: Executor,
  limits: PlanLimits,
  probe: Probe,
): Promise<Result<{ readonly shapeClass: string; readonly ms: Readonly<Record<Way, number>> } | undefined>> => {
  const question = F.pipe(
    asked(probe),
    E.bind('plans', ({ checked, feeds }) =>
      E.sequenceArray(ways.map((way) => plan(checked, feeds, [], limitsFor(limits, checked, way)))),
    ),
  )
  if (E.isLeft(question)) return question
  const { checked, feeds, plans } = question.right
  const shapeClass = checked.nodes.map(shapeClassOf)[0]
  if (shapeClass === undefined || new Set(plans.map(kernelsOf)).size < 2) return E.right(undefined)
  const ready: Prepared[] = []
  try {
    for (const made of plans) {
      const prepared = await executor.prepare(made)
      if (E.isLeft(prepared)) return prepared
      ready.push(prepared.right)
    }
    const sample = async (one: Prepared, runs: number, fed: Tensors = {}): Promise<Result<number>> => {
      const start = performance.now()
      for (let run = 0; run < runs; run++) {
        const done = await executor.execute(one, fed)
        if (E.isLeft(done)) return done
      }
      await device.queue.onSubmittedWorkDone()
      return E.right((performance.now() - start) / runs)
    }
    const runs: number[] = []
    for (const one of ready) {
      // the first run has the feeds go up, and the driver finish what it has put off
      const [cold, warm] = [await sample(one, 1, feeds), await sample(one, 1)]
      if (E.isLeft(cold)) return cold
      if (E.isLeft(warm)) return warm
      runs.push(runsFor(warm.right))
    }
    const times = ready.map((): number[] => [])
    for (let round = 0; round < rounds; round++)
      for (let i = 0; i < ready.length; i++) {
        // each is first in every other round
        const at = (i + round) % ready.length
        const taken = await sample(ready[at] as Prepared, runs[at] as number)
        if (E.isLeft(taken)) return taken
        times[at]?.push(taken.right)
      }
    const ms = perWay((_, i) => median(times[i] as number[]))
    return E.right({ shapeClass, ms })
  } finally {
    ready.forEach(executor.discard)
  }
}

/**
 * The classes of products of which a device has several ways, measured; none where it has one way only. `tell` hears which
 * layer is measured, and how far that is, from 0 to 1.
 *
 * Errors  what the device answers of a run
 */
export const tuneOn =
  (
    acquired: AcquiredDevice,
    tell: (what: string, done: number) => void = () => undefined,
  ): taskEither.TaskEither<EtalonError, readonly Measured[]> =>
  async () => {
    const executor = makeExecutor(acquired)
    const limits = planLimits(acquired)
    const found = new Map<string, { readonly layers: string[]; readonly ms: Readonly<Record<Way, number>> }>()
    for (const [i, probe] of probes.entries()) {
      tell(`${titleOf(probe)}, ${probe.direction}`, i / probes.length)
      const outcome = await raced(acquired, executor, limits, probe)
      if (E.isLeft(outcome)) return outcome
      if (outcome.right === undefined) continue
      const { shapeClass, ms } = outcome.right
      const before = found.get(shapeClass)
      found.set(shapeClass, {
        layers: [...(before?.layers ?? []), titleOf(probe)],
        ms: perWay((way) => (before?.ms[way] ?? 0) + ms[way]),
      })
    }
    return E.right(
      [...found].map(([shapeClass, { layers, ms }]): Measured => ({
        shapeClass,
        layers,
        ms,
        way: winner(ms, suggested(limits.subgroupSize, limits.isGpu === true)),
      })),
    )
  }

/** What plans make of it. */
export const tuningOf = (measured: readonly Measured[]): Tuning => ({
  ...untuned,
  choices: Object.fromEntries(measured.map(({ shapeClass, way }) => [shapeClass, way])),
})
