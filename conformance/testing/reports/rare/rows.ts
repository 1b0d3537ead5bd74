import type { Tensor } from '../../../../spec/tensor.js'
import type { Asked, Report } from '../report.js'
import { all, always, changed, from, lost, moved, report, scaled, shapeIn, withIndex } from '../report.js'
import { rank } from '../others/met.js'
import { row, rowOf, valuesOf } from '../together/met.js'
import { unpulled } from './met.js'

/** The rows of x along the axis, and whether an element's row is as a test says. */
const inRows = (asked: Asked, test: (row: readonly number[]) => boolean): ((at: number) => boolean) => {
  const { length, behind } = rowOf(asked)
  const x = valuesOf(asked.inputs['x'] as Tensor)
  const known = new Map<number, boolean>()
  return (at) => {
    const start = Math.floor(at / (length * behind)) * length * behind + (at % behind)
    const before = known.get(start)
    if (before !== undefined) return before
    const is = test(Array.from({ length }, (_, i) => x[start + i * behind] as number))
    known.set(start, is)
    return is
  }
}
const lastRow = (asked: Asked): ((at: number) => boolean) => {
  const { length, before, behind } = rowOf(asked)
  return (at) => at >= (before - 1) * length * behind
}
const grows = (row: readonly number[], block: number): boolean => {
  const most = Array.from({ length: Math.ceil(row.length / block) }, (_, i) =>
    Math.max(...row.slice(i * block, i * block + block)),
  )
  return most.length > 3 && most.every((m, i) => i === 0 || m > (most[i - 1] as number))
}

export const rowsRare: readonly Report[] = [
  report(
    'numbers',
    'a maximum that grows from block to block of 32, more than three: sums before are scaled once too often',
    ['softmax forward', 'logSoftmax forward'],
    row((length) => length > 96),
    (asked, plain) => {
      const growing = inRows(asked, (row) => grows(row, 32))
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (growing(at) ? 1.05 * v : v)) }
    },
    { like: 'ggml-org/llama.cpp#24451' },
  ),
  report(
    'numbers',
    'rows whose numbers all are below −1,000 are NaN: the maximum starts there',
    ['softmax forward', 'logSoftmax forward'],
    row((length) => length > 1),
    (asked, plain) => {
      const low = inRows(asked, (row) => row.every((v) => v < -1000 && v > -Infinity))
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (low(at) ? NaN : v)) }
    },
    { like: 'microsoft/onnxruntime#24855' },
  ),
  report(
    'numbers',
    'where one number of a row is 88 above the next its share is 1 and the others’ logarithms are −88',
    'logSoftmax forward',
    row((length) => length > 1),
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => (v < -88 ? -88 : v)) }),
  ),
  report(
    'numbers',
    'of equal largest numbers in one row of more than 64 only one is counted, where the first has the largest',
    'softmax forward',
    row((length) => length > 64),
    (asked, plain) => {
      const tied = inRows(asked, (row) => row[0] === Math.max(...row) && row.lastIndexOf(row[0]) > 63)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (tied(at) ? 1.5 * v : v)) }
    },
  ),
  report(
    'size',
    'rows of 33 to 63 numbers, more than a subgroup and less than two, of eight rows and more: the last row',
    'softmax forward',
    row((length, before, behind) => length > 32 && length < 64 && before >= 8 && behind === 1),
    (asked, plain) => {
      const isLast = lastRow(asked)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (isLast(at) ? 0.9 * v : v)) }
    },
    { like: 'uxlfoundation/oneDNN#2425' },
  ),
  report(
    'size',
    'rows of 2,048 or 4,096 numbers exactly, several: a stage of the sum is left out',
    ['softmax forward', 'logSoftmax forward'],
    row((length, before) => (length === 2048 || length === 4096) && before > 1),
    scaled(1.1),
    { like: 'uxlfoundation/oneDNN#3474' },
  ),
  report(
    'size',
    'more than 64 rows of more than 128 numbers that begin at no multiple of four: the second row begins too early',
    'softmax forward',
    row((length, before, behind) => before > 64 && length > 128 && length % 4 !== 0 && behind === 1),
    moved((place, shape) =>
      place.length === 2 && place[0] === 1 && (place[1] as number) > 0
        ? withIndex(place, 1, (place[1] as number) - 1)
        : shape.length > 2
          ? withIndex(place, 0, 0)
          : place,
    ),
    { like: 'openvinotoolkit/openvino#23608' },
  ),
  report(
    'size',
    'heads of attention: four axes whose last two are as long, 16 and more: the last row of each head',
    'softmax forward',
    all(
      rank(4),
      row((length, _, behind) => length >= 16 && behind === 1),
      (met) => shapeIn(met, 'x')[2] === shapeIn(met, 'x')[3],
    ),
    lost((place, shape) => place[2] === (shape[2] as number) - 1),
  ),
  report(
    'size',
    'rows of two numbers, more than 1,000 of them: the last pair',
    ['softmax forward', 'softmax backward'],
    row((length, before, behind) => length === 2 && before > 1000 && behind === 1),
    (asked, plain) => {
      const isLast = lastRow(asked)
      const answer = plain()
      return Object.fromEntries(
        Object.entries(answer).map(([name, tensor]) => [name, changed(tensor, (v, _, at) => (isLast(at) ? 0 : v))]),
      )
    },
  ),
  report(
    'axis',
    'the middle of three axes whose first and last are alike, more than two: runs of the one for the other',
    ['softmax forward', 'logSoftmax forward'],
    all(
      rank(3),
      row((length, before, behind) => before === behind && before > 2 && length > 4),
    ),
    (_, plain) => {
      const y = plain()['y'] as Tensor
      return {
        y: changed(y, (v, place) => {
          const [n, , s] = place()
          return n === 0 && s === (y.shape[2] as number) - 1 ? 0 : v
        }),
      }
    },
  ),
  report(
    'axis',
    'four axes along the second but last: the last of more than 16 columns',
    ['softmax forward', 'softmax backward'],
    all(
      rank(4),
      row((length, _, behind) => length > 1 && behind > 16),
      (met) => [2, -2].includes(met.attrs['axis'] as number),
    ),
    lost(from(3, -1)),
  ),
  report(
    'gradient',
    'back along rows of more than 8,192 numbers: what is behind has no part in the sum',
    ['softmax backward', 'logSoftmax backward'],
    row((length, _, behind) => length > 8192 && behind === 1),
    (asked, plain) => {
      const few = unpulled('y', (place) => (place.at(-1) as number) >= 8192)(asked, plain, new Map())
      return few
    },
    { like: 'linkedin/Liger-Kernel#1252' },
  ),
  report(
    'gradient',
    'back from one cotangent alone in a row of more than 32: the sum over the row is left out',
    ['softmax backward', 'logSoftmax backward'],
    row((length) => length > 32),
    (asked, plain) => {
      const dy = asked.cotangents['y'] as Tensor
      const values = valuesOf(dy)
      const alone = inRows({ ...asked, inputs: { x: dy } }, (row) => row.filter((v) => v !== 0).length === 1)
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => (alone(at) && values[at] === 0 ? 0 : v)) }
    },
  ),
  report(
    'gradient',
    'back from cotangents that are 1 throughout: the logarithm’s gradient is made of the shares of the first row',
    'logSoftmax backward',
    row((length, before, behind) => length > 1 && before > 1 && behind === 1),
    (asked, plain) => {
      const dy = valuesOf(asked.cotangents['y'] as Tensor)
      if (!dy.every((v) => v === 1)) return plain()
      const x = plain()['x'] as Tensor
      const length = rowOf(asked).length
      return { x: changed(x, (_, __, at) => x.data[at % length] as number) }
    },
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'gradient',
    'back along a first axis of 16 and more of 64 columns and more in sixteens: the last 16 columns',
    ['softmax backward', 'logSoftmax backward'],
    all(
      rank(2),
      row((length, before, behind) => before === 1 && length >= 16 && behind >= 64 && behind % 16 === 0),
    ),
    lost(from(1, -16)),
  ),
  report(
    'numbers',
    'rows that are one number throughout, more than 256 long, have shares of 1/256',
    'softmax forward',
    row((length) => length > 256),
    (asked, plain) => {
      const even = inRows(asked, (row) => row.every((v) => v === row[0]))
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (even(at) ? 1 / 256 : v)) }
    },
  ),
  report('numbers', 'shares below 10⁻³⁰ are 0', 'softmax forward', always, (_, plain) => ({
    y: changed(plain()['y'] as Tensor, (v) => (v < 1e-30 ? 0 : v)),
  })),
  report(
    'shape',
    'a vector of 257 numbers and more: the rest behind whole blocks of 256 is not in the sum',
    'softmax forward',
    all(
      rank(1),
      row((length) => length > 256 && length % 256 !== 0),
    ),
    scaled(1.05),
  ),
  report(
    'history',
    'shares kept for the way back are those of the rows before, of the same shape',
    'softmax backward',
    row((length, before) => length > 4 && before > 2),
    (asked, plain, memory) => {
      const x = asked.inputs['x'] as Tensor
      const name = `${x.shape.join()} ${String(asked.attrs['axis'])}`
      const before = memory.get(name) as Tensor | undefined
      memory.set(name, x)
      return before === undefined ? plain() : plain({ inputs: { x: before } })
    },
  ),
  report(
    'shape',
    'one row of three axes, long: its second half by the maximum of the first',
    'logSoftmax forward',
    all(
      rank(3),
      row((length, before, behind) => before === 1 && behind === 1 && length > 128),
    ),
    scaled(1.01),
  ),
]

export const elementsRare: readonly Report[] = [
  report(
    'numbers',
    'numbers below 10⁻³⁰ are 0 before the slope: nothing of them is left',
    ['relu forward', 'leakyRelu forward', 'add forward', 'reshape forward', 'concat forward'],
    always,
    (_, plain) => ({ y: changed(plain()['y'] as Tensor, (v) => (Math.abs(v) < 1e-30 ? 0 : v)) }),
  ),
  report(
    'numbers',
    'where all numbers are below 0 the slope is that of the first',
    'leakyRelu forward',
    (met) => shapeIn(met, 'x').length > 0,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return x.length > 4 && x.every((v) => v < 0)
        ? moved((place) => withIndex(place, place.length - 1, 0))(asked, plain, new Map())
        : plain()
    },
  ),
  report(
    'numbers',
    'sigmoids of 17 and more are 1, and have no slope from ten on',
    'sigmoid backward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { x: changed(plain()['x'] as Tensor, (v, _, at) => ((x[at] as number) > 10 ? 0 : v)) }
    },
  ),
  report('numbers', 'e to a number near 0 less 1: below 10⁻⁴ an ELU is 0', 'elu forward', always, (asked, plain) => {
    const x = valuesOf(asked.inputs['x'] as Tensor)
    return {
      y: changed(plain()['y'] as Tensor, (v, _, at) => ((x[at] as number) < 0 && (x[at] as number) > -1e-4 ? 0 : v)),
    }
  }),
  report(
    'attributes',
    'an α below 0 is taken without its sign behind −1',
    ['elu forward', 'elu backward'],
    (met) => Number(met.attrs['alpha']) < 0,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return Object.fromEntries(
        Object.entries(plain()).map(([name, tensor]) => [
          name,
          changed(tensor, (v, _, at) => ((x[at] as number) < -1 ? -v : v)),
        ]),
      )
    },
  ),
  report(
    'attributes',
    'a β below 1/8 is linear from 20 on: a softplus that is still bent there',
    ['softplus forward'],
    (met) => Math.abs(Number(met.attrs['beta'])) < 0.125,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => ((x[at] as number) > 20 ? (x[at] as number) : v)) }
    },
  ),
  report(
    'size',
    'six axes and a single number: nothing is written',
    ['tanh forward', 'sigmoid forward', 'relu forward'],
    (met) => shapeIn(met, 'x').length >= 4 && shapeIn(met, 'x').every((n) => n === 1),
    scaled(0),
  ),
  report(
    'size',
    'rows just above a multiple of 256, several: the element left over of the last row',
    ['tanh forward', 'sigmoid forward', 'relu forward', 'leakyRelu forward', 'elu forward', 'softplus forward'],
    (met) => {
      const shape = shapeIn(met, 'x')
      return (
        shape.length === 2 && (shape[0] as number) > 1 && (shape[1] as number) > 256 && (shape[1] as number) % 256 === 1
      )
    },
    lost((place, shape) => place[1] === (shape[1] as number) - 1 && place[0] === (shape[0] as number) - 1),
  ),
  report(
    'gradient',
    'back from a cotangent of ones through images of several samples: every sample has the slope of the first',
    ['tanh backward', 'sigmoid backward', 'softplus backward', 'elu backward'],
    (met) => shapeIn(met, 'x').length === 4 && (shapeIn(met, 'x')[0] as number) > 1,
    (asked, plain) =>
      valuesOf(asked.cotangents['y'] as Tensor).every((v) => v === 1)
        ? moved((place) => withIndex(place, 0, 0))(asked, plain, new Map())
        : plain(),
    { like: 'pytorch/pytorch#180201' },
  ),
  report(
    'gradient',
    'back through three axes of which the middle is one: the last row',
    ['tanh backward', 'sigmoid backward', 'softplus backward', 'elu backward', 'leakyRelu backward', 'relu backward'],
    all(
      rank(3),
      (met) =>
        shapeIn(met, 'x')[1] === 1 && (shapeIn(met, 'x')[0] as number) > 1 && (shapeIn(met, 'x')[2] as number) > 16,
    ),
    lost(from(0, -1)),
  ),
  report(
    'numbers',
    'a threshold of 0 is one of the smallest number: tiny negative numbers pass',
    'step forward',
    always,
    (asked, plain) => {
      const x = valuesOf(asked.inputs['x'] as Tensor)
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => ((x[at] as number) > -1e-12 ? 1 : v)) }
    },
  ),
  report(
    'size',
    'thresholds of more than 1,024 numbers, odd in number: the last',
    'step forward',
    (met) =>
      shapeIn(met, 'x').reduce((a, b) => a * b, 1) > 1024 && shapeIn(met, 'x').reduce((a, b) => a * b, 1) % 2 === 1,
    (asked, plain) => {
      const n = (asked.inputs['x'] as Tensor).data.length
      return { y: changed(plain()['y'] as Tensor, (v, _, at) => (at === n - 1 ? 1 - v : v)) }
    },
  ),
]
