import { InvalidArgumentError } from 'commander'
import type { Augmentation } from '../training/augment.js'
import type { Initializer } from '../training/initialize.js'
import type { ScheduleChoice } from './trainPlan.js'

/** `linear`, `constant`, `cosine`, `step:EPOCHS`, `exponential:FACTOR` or `plateau:EPOCHS`. */
export const scheduleOf = (text: string): ScheduleChoice => {
  const [name, given, ...rest] = text.split(':')
  const number = Number(given)
  const whole = Number.isSafeInteger(number) && number >= 1
  if (rest.length === 0) {
    if (given === undefined && (name === 'linear' || name === 'constant' || name === 'cosine'))
      return { schedule: name }
    if (name === 'step' && whole) return { schedule: 'stepDecay', every: number }
    if (name === 'exponential' && number > 0 && number <= 1) return { schedule: 'exponential', gamma: number }
    if (name === 'plateau' && whole) return { schedule: 'reduceOnPlateau', patience: number - 1 }
  }
  throw new InvalidArgumentError(
    'Wanted: linear, constant, cosine, step:EPOCHS, exponential:FACTOR (up to 1) or plateau:EPOCHS.',
  )
}

/** One of `shift`, by up to 2 pixels, `shift:PIXELS`, `crop:SIZE` and `flip`. */
const augmentationOf = (text: string): Augmentation => {
  const [name, given, ...rest] = text.split(':')
  const number = Number(given)
  const digits = rest.length === 0 && /^[1-9]\d{0,3}$/.test(given ?? '')
  if (text === 'shift') return { kind: 'shift', most: 2 }
  if (text === 'flip') return { kind: 'flip' }
  if (name === 'shift' && digits && number <= 9) return { kind: 'shift', most: number }
  if (name === 'crop' && digits) return { kind: 'crop', size: [number, number] }
  throw new InvalidArgumentError(
    'Wanted: shift, or shift:PIXELS with 1 to 9 pixels; crop:SIZE; flip; or several with commas between.',
  )
}

/** Ways to augment, with commas between, in the order in which they are done. */
export const augmentOf = (text: string): readonly Augmentation[] => text.split(',').map(augmentationOf)

const deviationOf = (given: string | undefined): number | undefined => {
  const sigma = Number(given)
  return given !== undefined && given !== '' && Number.isFinite(Math.fround(sigma)) && sigma > 0 ? sigma : undefined
}

/** `scaled`, `he`, `xavier`, `normal:SIGMA`, `orthogonal` or `identity`, either with or without `:SIGMA`. */
export const initializerOf = (text: string): Initializer => {
  const [name, given, ...rest] = text.split(':')
  const sigma = deviationOf(given)
  if (text === 'scaled' || text === 'he' || text === 'xavier') return { kind: text }
  if (text === 'orthogonal' || text === 'identity') return { kind: text }
  if (rest.length === 0 && sigma !== undefined) {
    if (name === 'normal') return { kind: 'normal', sigma }
    if (name === 'orthogonal' || name === 'identity') return { kind: name, inputs: sigma }
  }
  throw new InvalidArgumentError(
    'Wanted: scaled, he, xavier, normal:SIGMA, orthogonal, orthogonal:SIGMA, identity or identity:SIGMA, with a standard deviation above 0.',
  )
}
