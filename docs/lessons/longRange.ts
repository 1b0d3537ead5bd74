import { either as E, function as F, taskEither as TE } from 'fp-ts'
import type { taskEither } from 'fp-ts'
import type { Backend } from '../../spec/backend.js'
import { differentiate, gradientName } from '../../spec/differentiate.js'
import type { EtalonError } from '../../spec/error.js'
import type { Network } from '../../spec/networks/network.js'
import { initialKept, parameterCount, trainingBy } from '../../spec/networks/network.js'
import { lstmClassifier, rnnClassifier } from '../../spec/networks/recurrent.js'
import { draws, keyOf } from '../../spec/philox.js'
import type { Tensor, Tensors } from '../../spec/tensor.js'
import { generate, mapTensor, scalar } from '../../spec/tensor.js'
import type { Examples } from '../../training/training.js'
import { initialParameters } from '../../training/initialize.js'
import { accuracy } from '../../training/metrics.js'
import { lossProgram } from '../../training/step.js'
import { inTurn, partOf, sized, smoothed, teach } from './classroom.js'
import type { Classroom, Lesson, Section } from './lesson.js'
import { heading, lines, percent, table, text } from './lesson.js'

type Task<A> = taskEither.TaskEither<EtalonError, A>

/** letters that the first of a sequence is one of, and others that the rest are of */
const letters = 4
const alphabet = 2 * letters
const hidden = 24
const lengths = [5, 15, 40]
const trainingSteps = 120

/** What is compared: a cell, and the bias that its forget gate starts from. */
interface Memory {
  readonly name: string
  readonly cell: 'rnn' | 'lstm'
  /** for sequences of so many steps */
  readonly forgetBias: (steps: number) => number
}

const memories: readonly Memory[] = [
  { name: 'RNN', cell: 'rnn', forgetBias: () => 0 },
  { name: 'LSTM, forget bias 0', cell: 'lstm', forgetBias: () => 0 },
  { name: 'LSTM, forget bias ln T', cell: 'lstm', forgetBias: (steps) => Math.log(steps) },
]

const networkOf =
  ({ cell }: Memory, steps: number, mode?: ReturnType<typeof trainingBy>) =>
  (batch: number): Network =>
    (cell === 'rnn' ? rnnClassifier : lstmClassifier)(batch, {
      length: steps,
      inputs: alphabet,
      hidden,
      classes: letters,
      ...(mode === undefined ? {} : { mode }),
    })

/** First weights; the rows of an LSTM's bias are input, forget, cell and output gates', so many each. */
const startOf = (memory: Memory, steps: number, seed: number): Tensors => {
  const drawn = initialParameters(networkOf(memory, steps)(1), seed)
  return memory.cell === 'rnn'
    ? drawn
    : {
        ...drawn,
        'lstm.b': mapTensor(
          (value, row) => (Math.floor(row / hidden) === 1 ? Math.fround(memory.forgetBias(steps)) : value),
          drawn['lstm.b'] as Tensor,
        ),
      }
}

/** Sequences of random letters, one-hot: the first from one half of the alphabet, which is the class; the rest from the other. */
export const sequences = (name: string, steps: number, count: number): Examples => {
  const key = keyOf(`long-range ${name}`)
  const lettersOf = (n: number): readonly number[] => {
    const { integer } = draws(key, n)
    return Array.from({ length: steps }, (_, t) => integer(0, letters - 1) + (t === 0 ? 0 : letters))
  }
  return {
    count,
    mark: `${count} sequences of ${steps} letters, ${name}`,
    at: (indices) => {
      const drawn = Array.from(indices, lettersOf)
      const is = (n: number, t: number, letter: number): number => (drawn[n]?.[t] === letter ? 1 : 0)
      return {
        x: generate([steps, drawn.length, alphabet], (i) =>
          is(Math.floor(i / alphabet) % drawn.length, Math.floor(i / alphabet / drawn.length), i % alphabet),
        ),
        target: generate([drawn.length, letters], (i) => is(Math.floor(i / letters), 0, i % letters)),
      }
    },
  }
}

const everyOne = ({ count }: Examples): readonly number[] => Array.from({ length: count }, (_, i) => i)

/** How large the gradient of the loss is at each step of the sequence: the root of the mean square of ∂loss/∂x[t]. */
export const gradientAlong = (
  backend: Backend,
  network: (batch: number) => Network,
  parameters: Tensors,
  examples: Examples,
): Task<readonly number[]> => {
  const of = network(examples.count)
  const { x, target } = examples.at(everyOne(examples))
  return F.pipe(
    lossProgram(of, { loss: 'softmaxCrossEntropy' }),
    E.flatMap((program) => differentiate({ ...program, carry: {} }, 'loss', ['x'])),
    TE.fromEither,
    TE.flatMap(({ program, gradients }) =>
      F.pipe(
        backend.run(program, { ...parameters, ...initialKept(of), x, target, [gradientName('loss')]: scalar(1) }, [
          gradients['x'] as string,
        ]),
        TE.map((values) => {
          const { shape, data } = values[gradients['x'] as string] as Tensor
          const [steps = 1] = shape
          const each = data.length / steps
          return Array.from({ length: steps }, (_, t) =>
            Math.sqrt(
              Array.from({ length: each }, (_, i) => (data[t * each + i] as number) ** 2).reduce((a, b) => a + b, 0) /
                each,
            ),
          )
        }),
      ),
    ),
  )
}

/** The share of sequences whose first letter a trained network names. */
const accuracyOf = (
  backend: Backend,
  network: (batch: number) => Network,
  parameters: Tensors,
  examples: Examples,
): Task<number> => {
  const of = network(examples.count)
  const { x, target } = examples.at(everyOne(examples))
  const own = Object.fromEntries(Object.entries(parameters).filter(([name]) => name in of.parameters))
  return F.pipe(
    backend.run(of.program, { ...own, ...initialKept(of), x }),
    TE.map((values) => accuracy(values[of.output] as Tensor, target)),
  )
}

interface Outcome {
  readonly memory: Memory
  readonly steps: number
  readonly accuracy: number
  readonly losses: readonly number[]
  /** ∂loss/∂x along the sequence, before and after training */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

const batch = 32

const outcomeOf =
  (room: Classroom) =>
  (part: Classroom, { memory, steps }: { readonly memory: Memory; readonly steps: number }): Task<Outcome> => {
    const { backend, seed } = room
    const network = networkOf(memory, steps)
    const parameters = startOf(memory, steps, seed)
    const train = sequences(`train ${seed}`, steps, batch * sized(room, trainingSteps, 2))
    const test = sequences(`test ${seed}`, steps, sized(room, 256, 8))
    return F.pipe(
      gradientAlong(backend, network, parameters, test),
      TE.bindTo('before'),
      TE.bind('taught', () =>
        teach(
          part,
          `${memory.name}, ${steps} steps`,
          {
            // carries the state that a sequence starts from
            network: networkOf(memory, steps, trainingBy(seed)),
            optimizer: { op: 'adam' },
            loss: 'softmaxCrossEntropy',
            rates: { schedule: 'linear', rate: 0.01 },
            epochs: 1,
            batch,
            seed,
          },
          { train },
          { parameters },
        ),
      ),
      TE.let('learnt', ({ taught: { tensors = {} } }) =>
        Object.fromEntries(Object.entries(tensors).filter(([name]) => name in parameters)),
      ),
      TE.bind('after', ({ learnt }) => gradientAlong(backend, network, learnt, test)),
      TE.bind('accuracy', ({ learnt }) => accuracyOf(backend, network, learnt, test)),
      TE.map(({ before, after, accuracy, taught: { losses } }) => ({
        memory,
        steps,
        accuracy,
        losses,
        before,
        after,
      })),
    )
  }

/** How many times smaller the first step's gradient is than the last one's. */
const fadingOf = (along: readonly number[]): number => (along.at(-1) ?? NaN) / (along[0] ?? NaN)

const timesSmaller = (factor: number): string =>
  Number.isFinite(factor)
    ? factor >= 1
      ? `${Number(factor.toPrecision(2)).toLocaleString('en')} times smaller than`
      : `${Number((1 / factor).toPrecision(2)).toLocaleString('en')} times as large as`
    : 'too small for a number beside'

const alongPicture = (caption: string, outcomes: readonly Outcome[], of: 'before' | 'after') =>
  lines(caption, {
    x: { label: 'step of the sequence, from 1' },
    y: { label: 'size of ∂loss/∂x', log: true },
    lines: outcomes.map((one) => ({
      name: one.memory.name,
      points: one[of].map((size, t) => [t + 1, size] as const),
    })),
  })

const chance = 1 / letters

/** Whether so many right answers of so many are more than guessing gives in all but one of a thousand tries. */
const beatsChance = (accuracy: number, count: number): boolean =>
  accuracy > chance + 3.1 * Math.sqrt((chance * (1 - chance)) / count)

const sectionsOf = (outcomes: readonly Outcome[], count: number, longest: number): readonly Section[] => {
  const at = (steps: number): readonly Outcome[] => outcomes.filter((one) => one.steps === steps)
  const long = at(longest)
  const reach = (memory: Memory): number =>
    Math.max(
      0,
      ...outcomes.filter((one) => one.memory === memory && beatsChance(one.accuracy, count)).map(({ steps }) => steps),
    )
  const best = long.reduce((a, b) => (b.accuracy > a.accuracy ? b : a))
  return [
    heading('Before a step is learnt: how far the gradient reaches'),
    alongPicture(`The gradient at each of ${longest} steps, by first weights`, long, 'before'),
    text(
      ...long.map(
        ({ memory, before }) =>
          `${memory.name}: at the first step, where the answer is, the gradient is ${timesSmaller(fadingOf(before))} at the last.`,
      ),
    ),
    heading('What is learnt'),
    table(
      `Right on so many of ${count} new sequences; guessing is right on ${percent(chance, 0)}`,
      ['steps', ...memories.map(({ name }) => name)],
      [...new Set(outcomes.map(({ steps }) => steps))].map((steps) => [
        steps,
        ...at(steps).map(({ accuracy }) => percent(accuracy)),
      ]),
    ),
    lines('Accuracy by the length of the sequence', {
      x: { label: 'steps between the letter and the answer', log: true },
      y: { label: 'accuracy', percent: true, from: 0, to: 1 },
      lines: memories.map((memory) => ({
        name: memory.name,
        points: outcomes
          .filter((one) => one.memory === memory)
          .map(({ steps, accuracy }) => [steps, accuracy] as const),
      })),
    }),
    lines(`The loss while learning sequences of ${longest}, the mean of ten steps; guessing costs ln ${letters}`, {
      x: { label: 'training step' },
      y: { label: 'loss', from: 0 },
      lines: long.map(({ memory, losses }) => ({
        name: memory.name,
        points: smoothed(losses, 10).map((loss, i) => [i + 1, loss] as const),
      })),
    }),
    text(
      ...memories.map((memory) =>
        reach(memory) > 0
          ? `${memory.name} did better than guessing up to ${reach(memory)} steps.`
          : `${memory.name} did no better than guessing at any length.`,
      ),
      beatsChance(best.accuracy, count)
        ? `At ${longest} steps the best was ${best.memory.name}, right on ${percent(best.accuracy)}.`
        : `At ${longest} steps none did better than guessing.`,
    ),
    heading('After learning'),
    alongPicture(`The gradient at each of ${longest} steps, by the weights learnt`, long, 'after'),
    text(
      ...long.map(
        ({ memory, after, accuracy }) =>
          `${memory.name}, right on ${percent(accuracy)}: at the first step the gradient is now ${timesSmaller(fadingOf(after))} at the last.`,
      ),
    ),
  ]
}

export const longRange: Lesson = {
  name: 'long-range',
  title: 'What an LSTM remembers and an RNN forgets',
  question: 'The answer is at the start of a sequence, and is asked for at its end. How long may the way be?',
  source:
    'slides "Recurrent NN" and "LSTM nets"; Hochreiter and Schmidhuber, 1997; Jozefowicz et al., 2015; Tallec and Ollivier, 2018',
  theory: [
    'Letters come one by one. The first is one of four and is the class; all that follow are drawn from four others and do not matter. A recurrent network sees the letter that it will be asked for once, and has to keep it, step after step, while others come in.',
    'The gradient goes the same way back. In an RNN, ∂h[T]/∂h[1] is a product of T − 1 matrices diag(1 − h²)·W: where their norms are below 1 it falls exponentially, where they are above 1 it may explode. In an LSTM the cell has a way of its own, ∂c[t+1]/∂c[t] = f along it: a forget gate near 1 lets the gradient through, and a gate of σ(0) = ½ halves it at every step. A bias of ln T starts the gate at T/(T + 1), so that about 1/e is left after T steps.',
  ],
  ops: ['lstm', 'rnn'],
  next: [
    { idea: 'Other letters and other first weights.', command: 'etalon lesson long-range --seed 2' },
    {
      idea: 'Three times as long at it: does the RNN come to it at last?',
      command: 'etalon lesson long-range --size 3',
    },
  ],
  readsDigits: false,
  run: (room) => {
    // a small room has short sequences, a large one has more of them
    const asked = [...new Set(lengths.map((steps) => Math.min(steps, sized(room, steps, 3))))]
    const pairs = asked.flatMap((steps) => memories.map((memory) => ({ memory, steps })))
    const count = sized(room, 256, 8)
    const longest = Math.max(...asked)
    return F.pipe(
      inTurn(
        partOf(room, 0, 1),
        pairs,
        outcomeOf(room),
        ({ steps, memory: { cell } }) => (steps + 20) * (cell === 'lstm' ? 2.5 : 1),
      ),
      TE.map((outcomes) => ({
        done: [
          `A cell of ${hidden} units and a linear layer on its last state: an RNN of ${parameterCount(networkOf(memories[0] as Memory, 2)(1))} parameters, an LSTM of ${parameterCount(networkOf(memories[1] as Memory, 2)(1))}, the latter from two first biases of its forget gate. Each learnt sequences of ${asked.join(', ')} letters from scratch, ${sized(room, trainingSteps, 2)} steps of ${batch} by Adam, no sequence twice. ${count} new sequences judge.`,
        ],
        sections: sectionsOf(outcomes, count, longest),
        figures: Object.fromEntries(
          outcomes.flatMap(({ memory: { name }, steps, accuracy, before }) => [
            [`accuracy ${name}, ${steps} steps`, accuracy] as const,
            ...(Number.isFinite(fadingOf(before))
              ? [[`gradient last ÷ first ${name}, ${steps} steps`, fadingOf(before)] as const]
              : []),
          ]),
        ),
      })),
    )
  },
}
