import { autoencoder } from './autoencoder.js'
import { ensemble } from './ensemble.js'
import { gan } from './gan.js'
import { learningRate } from './learningRate.js'
import type { Lesson } from './lesson.js'
import { longRange } from './longRange.js'
import { transfer } from './transfer.js'

/** The lessons, in the order in which they are taught. */
export const lessons: readonly Lesson[] = [learningRate, transfer, autoencoder, gan, longRange, ensemble]

export const lessonNamed = (name: string): Lesson | undefined => lessons.find((lesson) => lesson.name === name)
