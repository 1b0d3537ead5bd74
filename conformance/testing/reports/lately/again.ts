import { taskEither as TE } from 'fp-ts'
import type { Backend } from '../../../../spec/backend.js'
import type { Program } from '../../../../spec/program.js'
import { attributeFeeds } from '../../../../spec/program.js'
import type { Tensor, Tensors } from '../../../../spec/tensor.js'
import type { Report } from '../report.js'
import { forward, reads, renamed, writerOf } from '../told/programs.js'
import type { Misstep } from './met.js'
import { between, isInput, numbersOf, sizeOf, stepped } from './met.js'

/** What is left from one run to the next, and what stands for several values at once. */

const textOf = (program: Program): string => JSON.stringify(program)

/** What is fed to attributes is that of the first run. */
const frozen: NonNullable<Report['program']> = (run) => {
  const first = new Map<string, Tensors>()
  const wrong: Backend['run'] = (program, feeds, watch) => {
    const fed = attributeFeeds(program).filter((name) => !program.nodes.some((node) => reads(node, name)))
    const text = textOf(program)
    if (!first.has(text)) first.set(text, Object.fromEntries(fed.map((name) => [name, feeds[name] as Tensor])))
    return fed.some((name) => feeds[name] === undefined)
      ? run(program, feeds, watch)
      : run(program, { ...feeds, ...first.get(text) }, watch)
  }
  return wrong
}

/** Answers of a program lie where those of the last run did: the old ones are the new. */
const samePlace =
  (which: (program: Program, name: string) => boolean): NonNullable<Report['program']> =>
  (run) => {
    const places = new Map<string, Float32Array>()
    const wrong: Backend['run'] = (program, feeds, watch) =>
      TE.map((values: Tensors) =>
        Object.fromEntries(
          Object.entries(values).map(([name, tensor]) => {
            if (!which(program, name)) return [name, tensor]
            const key = `${textOf(program)} ${name}`
            const place = places.get(key) ?? new Float32Array(sizeOf(tensor))
            place.set(numbersOf(tensor))
            places.set(key, place)
            return [name, { shape: tensor.shape, data: place }]
          }),
        ),
      )(run(program, feeds, watch))
    return wrong
  }

/** What is watched beside a program’s answers stays what it was in the first run. */
const watchedOnce: NonNullable<Report['program']> = (run) => {
  const kept = new Map<string, Tensor>()
  const wrong: Backend['run'] = (program, feeds, watch) =>
    TE.map((values: Tensors) =>
      Object.fromEntries(
        Object.entries(values).map(([name, tensor]) => {
          if (program.outputs.includes(name) || Object.values(program.carry).includes(name)) return [name, tensor]
          const key = `${textOf(program)} ${name}`
          const before = kept.get(key) ?? tensor
          kept.set(key, before)
          return [name, before]
        }),
      ),
    )(run(program, feeds, watch))
  return wrong
}

const losses = ['mse', 'bce', 'cce', 'softmaxCrossEntropy', 'bceWithLogits', 'hinge', 'l2Penalty']
/** What is reduced is that of the first run where a later one has another length. */
const ofFirstLength: Misstep = ({ program, node, values, memory }) => {
  const loss = node.outputs['loss']
  const x = Object.values(node.inputs)[0] ?? ''
  if (loss === undefined || !forward(...losses)(node) || isInput(program, x)) return undefined
  const tensor = values[loss] as Tensor
  if (tensor.shape.length > 0) return undefined
  const key = `${JSON.stringify(program.nodes)} ${loss}`
  const length = String(values[x]?.shape)
  const before = memory.get(key) as { readonly length: string; readonly tensor: Tensor } | undefined
  if (before === undefined) memory.set(key, { length, tensor })
  return before === undefined || before.length === length ? undefined : { [loss]: before.tensor }
}

const elementwise = ['add', 'mul', 'relu', 'leakyRelu', 'elu', 'sigmoid', 'tanh', 'softplus', 'step']
/** Of what is made in one pass over elements and read outside of it, all is the first. */
const allTheFirst: NonNullable<Report['program']> = (run) => {
  const wrong: Backend['run'] = (program, feeds, watch = program.outputs) => {
    const firsts = firstsOf(program)
    const nodes = program.nodes.map((node) =>
      forward(...elementwise)(node)
        ? node
        : [...firsts].reduce(
            (soFar, [name, first]) => ({
              ...soFar,
              inputs: renamed(soFar.inputs, name, first),
              cotangents: renamed(soFar.cotangents, name, first),
            }),
            node,
          ),
    )
    const asked = [...new Set([...watch, ...watch.map((name) => firsts.get(name) ?? name)])]
    return TE.map((values: Tensors) =>
      Object.fromEntries(watch.map((name) => [name, values[firsts.get(name) ?? name] as Tensor])),
    )(run({ ...program, nodes }, feeds, asked))
  }
  return wrong
}
/** The value that stands for each of those that a pass makes; the passes are of nodes one after the other. */
const firstsOf = (program: Program): ReadonlyMap<string, string> => {
  const firsts = new Map<string, string>()
  const { passes } = program.nodes.reduce<{ readonly passes: readonly (readonly string[])[]; readonly open: boolean }>(
    ({ passes, open }, node) => {
      const y = node.outputs['y']
      if (!forward(...elementwise)(node) || y === undefined) return { passes, open: false }
      const last = passes.at(-1)
      const joins = open && last?.some((name) => reads(node, name)) === true
      return { passes: joins ? [...passes.slice(0, -1), [...last, y]] : [...passes, [y]], open: true }
    },
    { passes: [], open: false },
  )
  const outside = (name: string): boolean =>
    program.outputs.includes(name) || program.nodes.some((node) => !forward(...elementwise)(node) && reads(node, name))
  for (const pass of passes) {
    const made = pass.filter(outside)
    for (const name of made.slice(1)) firsts.set(name, made[0] as string)
  }
  return firsts
}

export const againLately: readonly Report[] = [
  between('what attributes are fed stays that of the first run', frozen, { like: 'tracel-ai/burn#5779' }),
  between(
    'answers of a run lie where those of the run before do',
    samePlace(() => true),
    { like: 'tinygrad/tinygrad#7798' },
  ),
  between(
    'gradients of a run lie where those of the run before do',
    samePlace((program, name) => writerOf(program, name)?.direction === 'backward'),
    { like: 'NVIDIA/TransformerEngine#2937' },
  ),
  between('what is watched beside the answers stays that of the first run', watchedOnce, {
    like: 'pytorch/pytorch#114844',
  }),
  stepped('a loss of another length is that of the first', ofFirstLength, { like: 'ml-explore/mlx#3201' }),
  between('several values of one pass over elements are all the first', allTheFirst, {
    like: 'ml-explore/mlx#950',
  }),
]
