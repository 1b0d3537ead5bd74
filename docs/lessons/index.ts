import { architectures } from './architectures.js'
import { autoencoder } from './autoencoder.js'
import { batchNormalization } from './batchNorm.js'
import { batchSize } from './batchSize.js'
import { ensemble } from './ensemble.js'
import { featureMaps } from './featureMaps.js'
import { filtersByHand } from './filters.js'
import { gan } from './gan.js'
import { hyperparameters } from './hyperparameters.js'
import { learningRate } from './learningRate.js'
import type { Lesson } from './lesson.js'
import { longRange } from './longRange.js'
import { metaLearning } from './metaLearning.js'
import { overfitting } from './overfitting.js'
import { reinforcement } from './reinforcement.js'
import { representation } from './representation.js'
import { transfer } from './transfer.js'

/** The lessons, in the order in which they are taught. */
export const lessons: readonly Lesson[] = [
  representation,
  learningRate,
  batchSize,
  overfitting,
  batchNormalization,
  filtersByHand,
  featureMaps,
  transfer,
  autoencoder,
  gan,
  longRange,
  ensemble,
  reinforcement,
  hyperparameters,
  metaLearning,
  architectures,
]

export const lessonNamed = (name: string): Lesson | undefined => lessons.find((lesson) => lesson.name === name)
