import { either as E, function as F } from 'fp-ts'
import type { DeviceMemory } from '../spec/backend.js'
import type { EtalonError, Result } from '../spec/error.js'
import { etalonError } from '../spec/error.js'
import { trainingBy } from '../spec/networks/network.js'
import type { Wanted } from '../spec/networks/zoo.js'
import { askedOfRecurrent, learningOf, learnsAs, networkNamed } from '../spec/networks/zoo.js'
import { accumulatingProgram, microBatchFits } from '../training/microBatch.js'
import type { Optimizer } from '../training/step.js'
import { trainingProgram } from '../training/step.js'
import type { Description, Training } from '../training/training.js'
import { partsOf } from '../training/training.js'
import { inBytes } from './bytes.js'

/** What a network of the zoo takes of a device's memory, in bytes: to answer, and in a step of learning as it learns best. */
export interface NetworkMemory {
  readonly forward: number
  readonly step?: { readonly optimizer: Optimizer['op']; readonly bytes: number }
}

export const networkMemory = (memory: DeviceMemory, name: string, wanted: Wanted): Result<NetworkMemory> =>
  F.pipe(
    E.Do,
    E.bind('known', () => learnsAs(name)),
    E.bind('network', () => networkNamed(name, wanted)),
    E.bind('forward', ({ network: { program } }) => memory.ofStep({ ...program, carry: stays(program.inputs) })),
    E.bind('learner', () => networkNamed(name, { ...wanted, mode: trainingBy(1) })),
    E.bind('step', ({ known, learner }): Result<NetworkMemory['step']> => {
      const { losses, recipe } = learningOf(known, askedOfRecurrent(wanted))
      const [loss] = losses
      // two networks that learn against each other have no step of one loss
      if (loss === undefined) return E.right(undefined)
      const { optimizer } = recipe
      return F.pipe(
        trainingProgram(learner, { optimizer: { op: optimizer }, loss }),
        E.flatMap((program) => memory.ofStep(program)),
        E.map((bytes) => ({ optimizer, bytes })),
      )
    }),
    E.map(({ forward, step }) => ({ forward, ...(step === undefined ? {} : { step }) })),
  )

// parameters stay where the backend computes, the input comes anew
const stays = ({ x: _, ...others }: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.keys(others).map((name) => [name, name]))

/** The same in a line. */
export const printNetworkMemory = ({ forward, step }: NetworkMemory, batch: number): string =>
  `memory on a device, a batch of ${batch}: ${inBytes(forward)} to answer${
    step === undefined ? '' : `, ${inBytes(step.bytes)} for a step of ${step.optimizer}`
  }`

/** The step of a training in micro-batches of so many. */
const stepInParts = (description: Description, microBatch: number): ReturnType<typeof trainingProgram> =>
  F.pipe(
    microBatchFits(description.network(description.batch), description.batch, microBatch),
    E.flatMap(() => accumulatingProgram(partsOf({ ...description, microBatch }).map(description.network), description)),
  )

/**
 * Of a training that does not fit: the same error, with what micro-batches would take where they would fit, the largest of
 * half of what goes through the network at a time now, half of that, and so on.
 */
export const withOffer = (memory: DeviceMemory, { description, program }: Training) => {
  const now = memory.ofStep(program)
  return (error: EtalonError): EtalonError => {
    if (error.code !== 'LimitExceeded') return error
    for (
      let size = Math.ceil((description.microBatch ?? description.batch) / 2), last = 0;
      size !== last;
      last = size, size = Math.ceil(size / 2)
    ) {
      const fits = F.pipe(
        stepInParts(description, size),
        E.flatMap((parts) => memory.ofStep(parts)),
      )
      if (E.isRight(fits) && (E.isLeft(now) || fits.right < now.right))
        return etalonError(
          error.code,
          `${error.message}; with --micro-batch ${size} a step learns the same and takes ${inBytes(fits.right)}`,
        )
    }
    return error
  }
}
