import { either as E, function as F } from 'fp-ts'
import { gradientName } from '../spec/differentiate.js'
import type { Result } from '../spec/error.js'
import { ensure } from '../spec/error.js'
import type { Network } from '../spec/networks/network.js'
import { initialKept } from '../spec/networks/network.js'
import type { NodeAttribute, Program, ProgramNode } from '../spec/program.js'
import { checkProgram } from '../spec/program.js'
import type { Shape, Tensor, Tensors } from '../spec/tensor.js'
import { generate, scalar } from '../spec/tensor.js'
import type { Optimizer } from './step.js'
import { initialState, trainingProgram } from './step.js'

/** A network that draws and one that tells what was drawn from what is real, for batches of one size, both in training. */
export interface Adversaries {
  /** noise x [N,…] to images */
  readonly generator: Network
  /** images x to the logit [N,1] of each being real */
  readonly discriminator: Network
}

type Names = Readonly<Record<string, string>>

const mapValues = <A, B>(record: Readonly<Record<string, A>>, f: (value: A) => B): Readonly<Record<string, B>> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(value)]))

/**
 * A program put beside others: what its nodes write has a prefix, and what it is fed has the names given, which may be
 * values of another program.
 */
const placed = (program: Program, prefix: string, reads: Names): Program => {
  const written = new Set(program.nodes.flatMap(({ outputs }) => Object.values(outputs)))
  const named = (value: string): string => (written.has(value) ? `${prefix}${value}` : (reads[value] ?? value))
  const attribute = (value: NodeAttribute): NodeAttribute =>
    typeof value === 'object' && 'feed' in value ? { feed: named(value.feed) } : value
  return {
    inputs: Object.fromEntries(Object.entries(program.inputs).map(([name, shape]) => [named(name), shape])),
    nodes: program.nodes.map((node): ProgramNode => ({
      ...node,
      name: `${prefix}${node.name}`,
      attrs: mapValues(node.attrs, attribute),
      inputs: mapValues(node.inputs, named),
      cotangents: mapValues(node.cotangents, named),
      outputs: mapValues(node.outputs, named),
    })),
    outputs: program.outputs.map(named),
    carry: mapValues(program.carry, named),
  }
}

const without = <A>(record: Readonly<Record<string, A>>, names: readonly string[]): Readonly<Record<string, A>> =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)))

const [realFeed, drawnFeed, noiseFeed] = ['real', 'drawn', 'noise']
const discriminating = 'discriminating.'
const generating = 'generating.'

/** The discriminator of real images and drawn ones, each batch normalized by itself: verdicts [2N,1]. */
const judging = ({ discriminator: { program, parameters, kept, output } }: Adversaries): Network => {
  const real = placed(program, 'real.', { x: realFeed })
  // running statistics are renewed by the real images, then by the drawn
  const drawn = placed(program, 'drawn.', { ...real.carry, x: drawnFeed })
  const joined: ProgramNode = {
    name: 'verdicts',
    op: 'concat',
    direction: 'forward',
    attrs: { axis: 0 },
    inputs: { x0: `real.${output}`, x1: `drawn.${output}` },
    cotangents: {},
    outputs: { y: 'verdicts' },
  }
  return {
    program: {
      inputs: { ...real.inputs, [drawnFeed]: program.inputs['x'] as Shape },
      nodes: [...real.nodes, ...drawn.nodes, joined],
      outputs: ['verdicts'],
      carry: mapValues(program.carry, (value) => `drawn.${value}`),
    },
    parameters,
    kept,
    output: 'verdicts',
    auxiliaries: [],
  }
}

/** The generator and, behind it, the discriminator; of running statistics it renews its own alone. */
const drawing = ({ generator, discriminator }: Adversaries): Network => {
  const judge = placed(discriminator.program, 'judge.', { x: generator.output })
  return {
    program: {
      inputs: { ...without(judge.inputs, [generator.output]), ...generator.program.inputs },
      nodes: [...generator.program.nodes, ...judge.nodes],
      outputs: judge.outputs,
      carry: generator.program.carry,
    },
    parameters: { ...generator.parameters, ...discriminator.parameters },
    kept: { ...generator.kept, ...discriminator.kept },
    output: `judge.${discriminator.output}`,
    auxiliaries: [],
  }
}

/**
 * One step of a generative adversarial network, as one program, so that both networks' parameters stay where a backend
 * computes. The generator G draws; the discriminator D learns to tell; then, by the discriminator D′ that this makes and
 * that is held still, the generator learns to be taken for real:
 *
 *   discriminating.loss = (mean ℓ(D(real), 1) + mean ℓ(D(G(noise)), 0))/2,   D′ = D after a step down it
 *   generating.loss     = mean ℓ(D′(G(noise)), 1),                           G′ = G after a step down it
 *
 * ℓ is `bceWithLogits`. That G climbs log σ(D) instead of descending log(1 − σ(D)) is the paper's own advice: the latter
 * is flat where drawn images are told easily. Batch norm goes by each batch alone, real and drawn never mixed.
 *
 * Feeds   noise, what G reads; real, images as D reads them; learningRate []; and as `adversarialFeeds` has them, the
 *         targets discriminating.target [2N,1] (1 of real, then 0), generating.target [N,1] (1), and d.loss [] (1)
 * Errors  UnexpectedInput – the two have a parameter of one name; ShapeMismatch – what one draws is not what the other
 *         reads; and what `trainingProgram` refuses
 * Source  Goodfellow et al., "Generative adversarial nets", 2014, algorithm 1 with k = 1
 */
export const adversarialStep = (adversaries: Adversaries, optimizer: Optimizer): Result<Program> => {
  const { generator, discriminator } = adversaries
  const image = `${generating}${generator.output}`
  const still = Object.keys(discriminator.parameters)
  const shared = still.find((name) => generator.parameters[name] !== undefined)
  const method = { optimizer, loss: 'bceWithLogits' } as const
  return F.pipe(
    ensure(shared === undefined, 'UnexpectedInput', `generator and discriminator both have a parameter ${shared}`),
    E.flatMap(() => trainingProgram(judging(adversaries), method)),
    E.bindTo('judges'),
    E.bind('draws', () => trainingProgram(drawing(adversaries), { ...method, frozen: still })),
    E.map(({ judges, draws }): Program => {
      const first = placed(judges, discriminating, { [drawnFeed]: image, target: `${discriminating}target` })
      const learnt = Object.fromEntries(still.map((name) => [name, first.carry[name] as string]))
      const second = placed(draws, generating, { ...learnt, x: noiseFeed, target: `${generating}target` })
      const drawn = generator.program.nodes.length
      return {
        inputs: { ...without(second.inputs, Object.values(learnt)), ...without(first.inputs, [image]) },
        nodes: [...second.nodes.slice(0, drawn), ...first.nodes, ...second.nodes.slice(drawn)],
        outputs: [...first.outputs, ...second.outputs],
        carry: { ...without(second.carry, still), ...first.carry },
      }
    }),
    E.tap(checkProgram),
  )
}

/** The values of a step of `adversarialStep` that are worth watching. */
export const adversarialValues = { discriminating: `${discriminating}loss`, generating: `${generating}loss` } as const

/** The feeds of a step of `adversarialStep` beside its state. */
export const adversarialFeeds = ({
  noise,
  real,
  learningRate,
}: {
  readonly noise: Tensor
  readonly real: Tensor
  readonly learningRate: number
}): Tensors => {
  const [count = 1] = noise.shape
  return {
    [noiseFeed]: noise,
    [realFeed]: real,
    [`${discriminating}target`]: generate([2 * count, 1], (i) => (i < count ? 1 : 0)),
    [`${generating}target`]: generate([count, 1], () => 1),
    [gradientName('loss')]: scalar(1),
    learningRate: scalar(Math.fround(learningRate)),
  }
}

/** The state before the first step: the parameters given, of both, what the optimizer keeps, and what the two keep. */
export const adversarialState = (
  { generator, discriminator }: Adversaries,
  parameters: Tensors,
  optimizer: Optimizer,
): Tensors => ({
  ...initialKept(generator),
  ...initialKept(discriminator),
  ...initialState(parameters, optimizer),
})
