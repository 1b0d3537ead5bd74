import type { Profile } from '../cases.js'
import type { Scenario } from './scenario.js'
import {
  aroundLayers,
  behindByChannel,
  behindConvolutions,
  behindDense,
  behindElements,
  behindRows,
  behindTransposed,
  behindTwo,
} from './scenarios/behind.js'
import {
  answeredAndRead,
  joinedBranches,
  layersInARow,
  normsInARow,
  productsInARow,
  squeezed,
} from './scenarios/blocks.js'
import { forked, joinedTwice, readLater } from './scenarios/forked.js'
import { inAllWidths, inBlocks, inFirstWidth, sides } from './scenarios/making.js'
import { keptStatistics, partsOfArrays, usedMemory } from './scenarios/memory.js'
import { closeBy, keptRows, manyUpdates, sameFirst, watchedSteps } from './scenarios/nearly.js'
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
import {
  cutAndJoined,
  gathered,
  longSteps,
  longWayBack,
  lossesBeside,
  normsBack,
  severalOutputs,
  sharedWeights,
} from './scenarios/weights.js'
import {
  againAndAgain,
  aroundUnits,
  carriedThrough,
  copiedTwice,
  longProducts,
  manyOperands,
  lossesBothWays,
  outputsHandedOn,
  scaledAndBent,
  sequencesJoined,
  sharesAlongAxes,
  unitsBesideLosses,
  waysAround,
} from './scenarios/idioms.js'
import { autoencoders, lookedAt, manyRates, normsRenewed, readBetween } from './scenarios/renewed.js'
import { rightBefore } from './scenarios/before.js'
import { besideProducts, joinedAgain, layersOfMaps, layersOfRows, ofEachSample } from './scenarios/hidden.js'
import { mixed, mixedFurther } from './scenarios/mixed.js'
import { alikeButForOne, countedTogether } from './scenarios/unlike.js'
import { changedPlaces, manyLosses, partlyCarried, readBeside } from './scenarios/partly.js'
import { pieces, twins, views } from './scenarios/pieces.js'
import { fedNumbers, manyUnderWay, oddNames, ownNames } from './scenarios/underway.js'
import {
  askedAtOnce,
  bothJoined,
  fedBytes,
  fedOverMuch,
  handedCrosswise,
  nearlyAlike,
  oneArray,
  pulledTwice,
  writtenOver,
} from './scenarios/again.js'
import { gradientsBeside, madeAlike, poolsInARow, squares } from './scenarios/alike.js'
import { asTrained } from './scenarios/trained.js'
import { gradientsMeet, unitsBehind } from './scenarios/waysBack.js'
import { manyReaders, stacked, woven, wovenBack } from './scenarios/woven.js'

/**
 * The programs that every backend is asked. Most hold small integers, of which nothing rounds, so that what is wrong shows
 * even where a value was not asked for. Each is narrow, and then, but for a quick run, wide: more than a workgroup takes, and
 * no multiple of it.
 */

const behind = [
  [
    'behind convolutions',
    'what goes by element right behind a convolution that nothing else reads',
    behindConvolutions,
  ],
  ['channels behind', 'what goes by channel, pools or joins right behind a convolution', behindByChannel],
  ['behind turned', 'what goes by element right behind a transposed convolution', behindTransposed],
  ['behind rows', 'what goes by element right behind a convolution of sequences', behindRows],
  ['behind dense', 'what goes by element or by row right behind a dense layer', behindDense],
  ['behind two', 'three in a row: a convolution, what goes by element, and what goes by element or channel', behindTwo],
  ['around layers', 'what a convolution reads is put to its answer, and read once more behind that', aroundLayers],
  ['behind elements', 'what goes by element right behind a pool, a sum, a product or a relu', behindElements],
  ['layers in a row', 'two layers, one behind the other or with a unit, a dropout or a sum between', layersInARow],
  ['norms in a row', 'a layer, its norm, and a unit, a sum, a pool or a join behind that', normsInARow],
  ['squeezed', 'squeezed maps that two filters read, behind wide ones that are read no more', squeezed],
  ['answered and read', 'what is answered as it is, and read twice by one node or by another', answeredAndRead],
  ['joined twice', 'joins of joins, along every two axes', joinedTwice],
  ['read later', 'what goes around a layer and is read once more later', readLater],
] as const

const idioms = [
  ['scaled and bent', 'maps that are scaled, and then cut, pooled, added to or squashed', scaledAndBent],
  ['shares along axes', 'shares along every axis of what was added, multiplied or cut', sharesAlongAxes],
  ['ways around', 'two ways of a block that halves its maps', waysAround],
  ['long products', 'products of long rows, a unit, and a product behind that', longProducts],
  ['copied twice', 'copies, of which one is answered and one goes on', copiedTwice],
  ['outputs handed on', 'each output of a node that has several, copied, cut or doubled', outputsHandedOn],
  ['carried through', 'layers that read what they answered in the step before', carriedThrough],
  ['again and again', 'small networks, run six times over', againAndAgain],
  ['units beside losses', 'scores that a unit reads, which is answered, and the way back of a loss', unitsBesideLosses],
  ['around units', 'a layer, its unit, what goes around them, and a penalty, there and back', aroundUnits],
  ['sequences joined', 'recurrent nets on each other and after each other, there and back', sequencesJoined],
  ['losses both ways', 'losses there and back at once, by every reduction, and two of one score', lossesBothWays],
  ['read between', 'what is read between gradients and updates, or between two updates', readBetween],
  ['norms renewed', 'statistics that are renewed twice, or read back', normsRenewed],
  ['many rates', 'updates at rates that are fed one by one, or differ', manyRates],
  ['looked at', 'other programs on a state, with fed numbers and in other shapes', lookedAt],
  ['many operands', 'sums and products in a row, each with another operand', manyOperands],
  ['autoencoders', 'networks that give back what they read, in training', autoencoders],
  ['pieces', 'pieces of a whole, that begin anywhere, each read by one node', pieces],
  ['twins', 'two layers of one value, and what of one kind is behind each', twins],
  ['views', 'other shapes of a value that is read later or answered', views],
  ['gradients meet', 'gradients of one value by each two ways', gradientsMeet],
  ['units behind', 'what has a way back, and a unit that alone reads it', unitsBehind],
  ['changed places', 'forward and backward of the same values in other places', changedPlaces],
  ['read beside', 'what a formula reads beside what it is made one with', readBeside],
  ['many losses', 'losses of many rows, there and back at once', manyLosses],
  ['partly carried', 'updates that are carried in part, or to another state', partlyCarried],
  ['layers of maps', 'norms, units and filters in every order, of which only the last is answered', layersOfMaps],
  ['layers of rows', 'products behind pools, units and shares, of which only the last is answered', layersOfRows],
  ['joined again', 'layers over a join and a part of it, chains that are joined, joins that are cut', joinedAgain],
  ['beside products', 'gradients of a product and of a dropout, a unit or a norm beside it', besideProducts],
  ['of each sample', 'losses of each sample, each with a factor of its own, back to weights', ofEachSample],
  ['alike but for one', 'updates that are alike in all but one attribute', alikeButForOne],
  ['as trained', 'networks in training, of which the loss is answered, and the weights at the end', asTrained],
  ['pools in a row', 'pools on pools of each kind', poolsInARow],
  ['squares', 'squares, as they are, flattened, added up, or in the same shape once more', squares],
  ['made alike', 'weights that are made by one op each, and shared by layers', madeAlike],
  ['gradients beside', 'gradients of two nodes of one op, each of sums of its own', gradientsBeside],
  ['counted together', 'updates that count by one number, each at a rate of its own', countedTogether],
  ['long steps', 'hundreds of nodes, and fed numbers that are others each time', longSteps],
  ['both joined', 'two of one op on maps of their own, joined and rectified, and back through both', bothJoined],
  ['written over', 'states that become what is made of them, and the way back through that', writtenOver],
  ['pulled twice', 'gradients of each op by one cotangent and by others', pulledTwice],
  ['nearly alike', 'formulas and gradients of the same values, alike in all but one attribute', nearlyAlike],
  ['one array', 'feeds that are one array, or were, and states that begin as one', oneArray],
  ['fed bytes', 'fed numbers whose bytes are those of others in another order', fedBytes],
  ['handed crosswise', 'updates of which one hands its results on crosswise', handedCrosswise],
  ['fed over much', 'fed numbers of what goes over many numbers', fedOverMuch],
  ['asked at once', 'steps, the state and other programs on it, asked for before the first is answered', askedAtOnce],
] as const

/** All scenarios, and so many programs of each kind that are drawn beside those of the profile; their numbers follow from the seed. */
export const scenarios = (seed: number, profile: Profile = 'standard', runs = 0): readonly Scenario[] => {
  const inWidths = profile === 'quick' ? inFirstWidth : inAllWidths
  return [
    inWidths('diamond', 'a value that several nodes read, and branches that meet again', diamond, seed),
    inWidths(
      'fan-out',
      'gradients added up where a value, a weight or an input is read more than once',
      fanOut,
      seed,
      sides,
    ),
    inWidths(
      'second gradients',
      'the gradient of a step of gradient descent, which reverses gradients once more',
      secondGradients,
      seed,
      sides,
    ),
    inWidths('attributes', 'one op several times, on the same values with other attributes', attributes, seed, sides),
    inWidths(
      'operands',
      'one op several times, with operands of the same shape in other places',
      operands,
      seed,
      sides,
    ),
    inWidths(
      'watched',
      'whatever values are watched, outputs that others read, gradients not asked for',
      watched,
      seed,
      sides,
    ),
    inWidths('lifetimes', 'values that are read again long after they were made', lifetimes, seed),
    inWidths('carry', 'state that is carried from place to place, in any order of the carries', carried, seed),
    inWidths('exchange', 'states that change places, stay, or are renewed before they are read', exchanged, seed),
    inWidths(
      'fed attributes',
      'rates and counts that are fed, and change from step to step and back',
      fedAttributes,
      seed,
    ),
    inWidths('adam', 'an optimizer that counts its steps', optimizer, seed),
    training(seed),
    inWidths('state shown', 'another program on the state of a session, which stays as it is', shown, seed),
    inWidths('sizes', 'one op several times, on tensors of other sizes', sizes, seed),
    inWidths('kept', 'gradients that may read what forward has left: of pools, and of losses', kept, seed),
    inWidths(
      'updates',
      'steps that may be made together: alike and unlike, by one gradient, with a value read between',
      updates,
      seed,
      updated,
    ),
    inWidths('in place', 'states that are read before, while and after they are renewed', inPlace, seed, updated),
    inWidths(
      'counted updates',
      'updates that count their steps, each for itself, and some by other attributes',
      counting,
      seed,
      updated,
    ),
    inWidths('ahead', 'feeds that go up while the step before them runs', ahead, seed),
    inWidths('joined', 'nodes that may be one, over whole vectors of numbers', joined, seed, [3, 9]),
    inWidths('side by side', 'two sessions of one program, and the program by itself between them', sideBySide, seed),
    inWidths(
      'used memory',
      'gradients of 0 where nothing reads, in memory that held other values',
      usedMemory,
      seed,
      sides,
    ),
    inWidths('parts of arrays', 'feeds that are a part of a larger array', partsOfArrays, seed),
    inWidths(
      'kept statistics',
      'statistics of many channels, kept for backward, by an ε that is fed',
      keptStatistics,
      seed,
      sides,
    ),
    inWidths('many under way', 'steps begun beside each other, and the state between them', manyUnderWay, seed),
    inWidths('own names', 'other programs on a state that make values of its names', ownNames, seed),
    inWidths('odd names', 'names with separators of names in them', oddNames, seed),
    inWidths('fed numbers', 'counts, slopes and shares that are fed, 0 among them', fedNumbers, seed),
    // more kernels than a quick run has time for
    ...(profile === 'quick' ? [] : behind).map(([name, about, acts]) => inWidths(name, about, acts, seed, inBlocks)),
    ...(profile === 'quick'
      ? []
      : [
          inWidths(
            'branches',
            'two branches of one value, in either order, joined in either order',
            joinedBranches,
            seed,
            [3, 8],
          ),
          inFirstWidth('forked', 'what a rectifier reads, and something else reads as well', forked, seed),
        ]),
    ...(profile === 'quick' ? [] : [woven(seed), wovenBack(seed), manyReaders(seed)]),
    inWidths('same first', 'nodes of one op that share what they read first, and nothing else', sameFirst, seed, sides),
    inWidths('kept rows', 'what forward leaves to backward of each of many rows', keptRows, seed, [1]),
    inWidths('watched steps', 'steps of which nearly the same values are watched', watchedSteps, seed),
    inWidths('close by', 'rates and decays that are fed, and change by little', closeBy, seed),
    inWidths('many updates', 'more updates of one op than go together in little room', manyUpdates, seed, [16, 67]),
    inWidths(
      'products in a row',
      'three in a row behind a dense layer, products among them',
      productsInARow,
      seed,
      inBlocks,
    ),
    inWidths('shared weights', 'weights of several layers, penalized and renewed', sharedWeights, seed),
    inWidths('gathered', 'gradients that are added up over steps', gathered, seed),
    inWidths('losses beside', 'two losses of the same scores, one of them only looked at', lossesBeside, seed, sides),
    inWidths('norms back', 'gradients of norms that share what they read, or their factors', normsBack, seed, sides),
    inWidths('several outputs', 'outputs of one node that are put together', severalOutputs, seed, sides),
    inWidths('cut and joined', 'what comes back of a join, joined in every order', cutAndJoined, seed, sides),
    inWidths('long way back', 'gradients of hundreds of nodes', longWayBack, seed, [3]),
    inWidths('stacked', 'layers of recurrent nets on each other, and a dropout between them', stacked, seed, sides),
    ...(profile === 'quick' ? [] : mixed(seed)),
    ...(profile === 'quick' ? [] : idioms).map(([name, about, acts]) => inFirstWidth(name, about, acts, seed, [5])),
    // of groups, which are even
    ...(profile === 'quick'
      ? []
      : [inFirstWidth('right before', 'each input of each op, read from what stands right before it', rightBefore, seed, [4])]), // prettier-ignore
    ...(runs === 0 ? [] : mixedFurther(seed, runs)),
  ]
}
