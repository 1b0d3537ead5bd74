import { either as E } from 'fp-ts'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError, fail } from '../spec/error.js'
import type { Tensor, Tensors } from '../spec/tensor.js'
import { generate } from '../spec/tensor.js'
import type { Judge } from './onBackend.js'
import type { Contender, Ready } from './time.js'
import type { Workload } from './workloads.js'

/** Whoever a figure is compared with. */
export interface Peer {
  readonly version: string
  readonly contender: Contender
}

const absent = (reason: unknown): EtalonError =>
  etalonError(
    'BackendUnavailable',
    `TensorFlow.js is not installed (npm install --save-dev @tensorflow/tfjs-core @tensorflow/tfjs-backend-cpu): ${String(reason)}`,
  )

/** The tensor [A,B,C,D] of that data with its axes in another order; axis k of the result is axis order[k]. */
export const transposed = ({ shape, data }: Tensor, order: readonly [number, number, number, number]): Tensor => {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((n, extent) => n * extent, 1))
  const after = order.map((axis) => shape[axis] as number)
  return generate(after, (i) => {
    let [rest, position] = [i, 0]
    for (let axis = after.length - 1; axis >= 0; axis--) {
      const extent = after[axis] as number
      position += (rest % extent) * (strides[order[axis] as number] as number)
      rest = Math.floor(rest / extent)
    }
    return data[position] as number
  })
}

/**
 * TensorFlow.js on its plain JavaScript backend, for a convolution with stride 1 and a map as large as its image. Its
 * images are [N,H,W,C] and its filters [KH,KW,C,O]; the operands are turned before the clock starts.
 *
 * Errors  BackendUnavailable – it is not installed
 */
export const tfjsOnProcessor = async (workload: Workload, judge: Judge): Promise<Result<Peer>> => {
  const { inputs } = workload.question
  try {
    const tf = await import('@tensorflow/tfjs-core')
    await import('@tensorflow/tfjs-backend-cpu')
    const open = async (): Promise<Result<Ready>> => {
      // in production mode it does not advertise another package
      tf.enableProdMode()
      if (!(await tf.setBackend('cpu'))) return fail('BackendUnavailable', 'TensorFlow.js has no backend named cpu')
      const tensorOf = ({ shape, data }: Tensor) =>
        tf.tensor4d(
          Float32Array.from({ length: data.length }, (_, i) => data[i] as number),
          [...shape] as [number, number, number, number],
        )
      const x = tensorOf(transposed(inputs['x'] as Tensor, [0, 2, 3, 1]))
      const w = tensorOf(transposed(inputs['w'] as Tensor, [2, 3, 1, 0]))
      const convolve = () => tf.conv2d(x, w, 1, 'same')
      return E.right({
        check: async () => {
          const y = convolve()
          const answer: Tensors = { y: transposed({ shape: y.shape, data: await y.data() }, [0, 3, 1, 2]) }
          y.dispose()
          return judge(workload.question, answer)
        },
        // it computes before it returns
        repeat: (times) => async () => {
          for (let run = 0; run < times; run++) convolve().dispose()
          return E.right(undefined)
        },
        close: async () => {
          x.dispose()
          w.dispose()
        },
      })
    }
    return E.right({
      version: tf.version_core,
      contender: { workload: workload.name, name: 'tfjs-cpu', multiplyAdds: workload.multiplyAdds, open },
    })
  } catch (reason) {
    return E.left(absent(reason))
  }
}
