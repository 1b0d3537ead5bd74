import { either as E, function as F } from 'fp-ts'
import * as t from 'io-ts'
import type { Safetensors } from '../../formats/safetensors.js'
import { storedTensor, tensorsAs } from '../../formats/safetensors.js'
import { count } from '../../spec/attributes.js'
import type { Result } from '../../spec/error.js'
import { ensure, fail, show, within } from '../../spec/error.js'
import type { Shape, Tensor, Tensors } from '../../spec/tensor.js'
import { generate, sizeOf, tensor } from '../../spec/tensor.js'
import { markOf, parsed } from '../checkpoint.js'
import type { AgentProgress, AgentState, AgentTraining, Transition } from './agent.js'
import type { Replay } from './replay.js'

/**
 * The whole state of an agent's training as a safetensors file, and back: tensors by their names, what is remembered as
 * `replay/x`, `replay/action`, `replay/reward`, `replay/next` and `replay/end`, a row a transition. `__metadata__` holds
 * `description`, what the training is, and `progress`, how far it came, every episode under way with it.
 */
const kind = 'etalon agent 1'
const replayName = (field: keyof Transition): string => `replay/${field}`

const progressCodec: t.Type<AgentProgress, unknown, unknown> = t.strict({
  steps: count,
  updates: count,
  episodes: count,
  places: t.readonlyArray(
    t.strict({ state: t.readonlyArray(t.number), episode: count, taken: count, total: t.number }),
  ),
  returns: t.readonlyArray(t.number),
  since: t.strict({ episodes: count, total: t.number }),
  curve: t.readonlyArray(t.strict({ steps: count, episodes: count, mean: t.number })),
})

/** What a training is, field by field, as JSON, but for when it is to end: that may be moved. */
export const agentDescription = ({ recipe, environment, program }: AgentTraining): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries({ environment: environment.name, ...recipe, program: markOf(JSON.stringify(program)) }).flatMap(
      ([name, value]) => (name === 'steps' || name === 'until' ? [] : [[name, JSON.stringify(value)] as const]),
    ),
  )

const asTensors = ({ items }: Replay<Transition>, shape: Shape): Tensors => {
  const each = sizeOf(shape)
  const seen = (of: (item: Transition) => Tensor['data']): Tensor =>
    generate([items.length, ...shape], (i) => {
      const item = items[Math.floor(i / each)]
      return item === undefined ? 0 : (of(item)[i % each] ?? 0)
    })
  const one = (of: (item: Transition) => number): Tensor => tensor([items.length], items.map(of))
  return items.length === 0
    ? {}
    : {
        [replayName('x')]: seen(({ x }) => x),
        [replayName('next')]: seen(({ next }) => next),
        [replayName('action')]: one(({ action }) => action),
        [replayName('reward')]: one(({ reward }) => reward),
        [replayName('end')]: one(({ end }) => (end ? 1 : 0)),
      }
}

const fromTensors = (tensors: Tensors, shape: Shape, length: number): readonly Transition[] => {
  const each = sizeOf(shape)
  const all = (field: keyof Transition): Tensor['data'] => tensors[replayName(field)]?.data ?? []
  const [x, next, action, reward, end] = [all('x'), all('next'), all('action'), all('reward'), all('end')]
  const row = (data: Tensor['data'], n: number): readonly number[] =>
    Array.from({ length: each }, (_, i) => data[n * each + i] as number)
  return Array.from({ length }, (_, n) => ({
    x: row(x, n),
    next: row(next, n),
    action: action[n] as number,
    reward: reward[n] as number,
    end: end[n] === 1,
  }))
}

/** A state as a file's value. */
export const agentCheckpoint = (training: AgentTraining, { tensors, progress, replay }: AgentState): Safetensors => {
  const stored = Object.entries({ ...tensors, ...asTensors(replay, training.environment.shape) }).map(([name, value]) =>
    storedTensor(name, value),
  )
  return {
    // the wider first, so that each begins at a multiple of its own width
    tensors: [...stored.filter(({ dtype }) => dtype === 'F64'), ...stored.filter(({ dtype }) => dtype !== 'F64')],
    metadata: {
      format: kind,
      description: JSON.stringify(agentDescription(training)),
      progress: JSON.stringify(progressCodec.encode(progress)),
      next: String(replay.next),
    },
  }
}

/**
 * The state that a checkpoint holds of a training. It may have been for another number of steps; rates and exploration of
 * the steps to come are by the new one.
 *
 * Errors  FormatInvalid – no checkpoint, one of another training (the first field that differs), or one that contradicts
 *         itself; MissingInput, ShapeMismatch – a tensor that is missing, or of another shape
 */
export const agentStateFrom = (training: AgentTraining, file: Safetensors): Result<AgentState> => {
  const { metadata = {} } = file
  const { start, environment } = training
  const own = agentDescription(training)
  const length = file.tensors.find(({ name }) => name === replayName('action'))?.shape[0] ?? 0
  const { capacity } = start.replay
  const wanted: Readonly<Record<string, Shape>> = {
    ...Object.fromEntries(Object.entries(start.tensors).map(([name, { shape }]) => [name, shape])),
    ...(length === 0
      ? {}
      : {
          [replayName('x')]: [length, ...environment.shape],
          [replayName('next')]: [length, ...environment.shape],
          [replayName('action')]: [length],
          [replayName('reward')]: [length],
          [replayName('end')]: [length],
        }),
  }
  const next = Number(metadata['next'])
  return F.pipe(
    metadata['format'] === kind
      ? E.right(metadata)
      : fail('FormatInvalid', `its format is ${show(metadata['format'])}; wanted "${kind}"`),
    E.flatMap(({ description }) => parsed(t.record(t.string, t.string), 'description', description)),
    E.tap((found) => {
      const other = Object.keys({ ...own, ...found }).find((name) => own[name] !== found[name])
      return ensure(
        other === undefined,
        'FormatInvalid',
        `it is of another training: ${other} is ${found[other ?? ''] ?? 'not set'} there and ${own[other ?? ''] ?? 'not set'} here`,
      )
    }),
    E.flatMap((): Result<AgentProgress> => parsed(progressCodec, 'progress', metadata['progress'])),
    E.tap(({ places }) =>
      ensure(
        places.length === start.progress.places.length &&
          places.every(({ state }, at) => state.length === start.progress.places[at]?.state.length),
        'FormatInvalid',
        `it tells of ${places.length} places; this training has ${start.progress.places.length}, each a state of ${environment.name}`,
      ),
    ),
    E.tap(() =>
      ensure(
        length <= capacity && Number.isSafeInteger(next) && next >= 0 && (next === 0 || next < capacity),
        'FormatInvalid',
        `its replay holds ${length} transitions, the oldest at ${show(metadata['next'])}; this training's holds ${capacity}`,
      ),
    ),
    E.bindTo('progress'),
    E.bind('all', () => tensorsAs(wanted, file)),
    E.map(({ progress, all }): AgentState => ({
      progress,
      tensors: Object.fromEntries(Object.keys(start.tensors).map((name) => [name, all[name] as Tensor])),
      replay: { capacity, next, items: fromTensors(all, environment.shape, length) },
    })),
    E.mapLeft(within('checkpoint')),
  )
}
