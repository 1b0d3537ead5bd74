import type { Scenario } from './scenario.js'
import { inBothWidths, sides } from './scenarios/making.js'
import {
  attributes,
  diamond,
  fanOut,
  joined,
  kept,
  lifetimes,
  operands,
  secondGradients,
  sizes,
  watched,
} from './scenarios/runs.js'
import {
  ahead,
  carried,
  exchanged,
  fedAttributes,
  optimizer,
  shown,
  sideBySide,
  training,
} from './scenarios/sessions.js'
import { counting, inPlace, updated, updates } from './scenarios/updates.js'

/**
 * The programs that every backend is asked. Most hold small integers, of which nothing rounds, so that what is wrong shows
 * even where a value was not asked for. Each is narrow, and then wide: more than a workgroup takes, and no multiple of it.
 */

/** All scenarios; their numbers follow from the seed. */
export const scenarios = (seed: number): readonly Scenario[] => [
  inBothWidths('diamond', 'a value that several nodes read, and branches that meet again', diamond, seed),
  inBothWidths(
    'fan-out',
    'gradients added up where a value, a weight or an input is read more than once',
    fanOut,
    seed,
    sides,
  ),
  inBothWidths(
    'second gradients',
    'the gradient of a step of gradient descent, which reverses gradients once more',
    secondGradients,
    seed,
    sides,
  ),
  inBothWidths('attributes', 'one op several times, on the same values with other attributes', attributes, seed, sides),
  inBothWidths(
    'operands',
    'one op several times, with operands of the same shape in other places',
    operands,
    seed,
    sides,
  ),
  inBothWidths(
    'watched',
    'whatever values are watched, outputs that others read, gradients not asked for',
    watched,
    seed,
    sides,
  ),
  inBothWidths('lifetimes', 'values that are read again long after they were made', lifetimes, seed),
  inBothWidths('carry', 'state that is carried from place to place, in any order of the carries', carried, seed),
  inBothWidths('exchange', 'states that change places, stay, or are renewed before they are read', exchanged, seed),
  inBothWidths(
    'fed attributes',
    'rates and counts that are fed, and change from step to step and back',
    fedAttributes,
    seed,
  ),
  inBothWidths('adam', 'an optimizer that counts its steps', optimizer, seed),
  training(seed),
  inBothWidths('state shown', 'another program on the state of a session, which stays as it is', shown, seed),
  inBothWidths('sizes', 'one op several times, on tensors of other sizes', sizes, seed),
  inBothWidths('kept', 'gradients that may read what forward has left: of pools, and of losses', kept, seed),
  inBothWidths(
    'updates',
    'steps that may be made together: alike and unlike, by one gradient, with a value read between',
    updates,
    seed,
    updated,
  ),
  inBothWidths('in place', 'states that are read before, while and after they are renewed', inPlace, seed, updated),
  inBothWidths(
    'counted updates',
    'updates that count their steps, each for itself, and some by other attributes',
    counting,
    seed,
    updated,
  ),
  inBothWidths('ahead', 'feeds that go up while the step before them runs', ahead, seed),
  inBothWidths('joined', 'nodes that may be one, over whole vectors of numbers', joined, seed, [3, 9]),
  inBothWidths('side by side', 'two sessions of one program, and the program by itself between them', sideBySide, seed),
]
